//! Workers in virtual time.

use super::{Runtimes, Workload};
use automl_numeric::{Stream, stream};
use automl_study::{AskError, Assignment, Ladder, Next, Outcome, State, Study, TellError, Verdict};
use rand::RngExt;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Why a simulation ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The study could not hand out a job.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The study refused a result.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// A number is out of range.
    #[error("{what} must lie in {range}, not {found}")]
    Setting {
        /// Which number.
        what: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What was given.
        found: f64,
    },
    /// Nothing runs and nothing can start.
    #[error("the scheduler waits although nothing is running, after {jobs} jobs")]
    Stuck {
        /// The jobs that were handed out.
        jobs: u64,
    },
}

/// Workers and what happens to them. Times are in units of the ladder's cost.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The number of workers.
    pub workers: usize,
    /// How many jobs are handed out.
    pub jobs: u64,
    /// How long jobs take.
    pub runtimes: Runtimes,
    /// The share of jobs that take `straggle` times as long.
    pub stragglers: f64,
    /// How many times as long those take.
    pub straggle: f64,
    /// The probability that a worker dies during a job.
    pub crashes: f64,
    /// How long it takes until a dead worker's trial is given back and the worker has been replaced.
    pub restart: f64,
    /// The seed of runtimes and crashes (the study has its own).
    pub seed: u64,
}

/// One line of the table over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glance {
    /// The virtual time.
    pub time: f64,
    /// Jobs handed out by then.
    pub jobs: u64,
    /// Trials in the history by then.
    pub trials: u64,
    /// The incumbent's regret: its final loss above the optimum.
    pub regret: f64,
    /// The mean wall time of a decision since the last line, in microseconds.
    pub decision: f64,
}

/// What a simulation came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Jobs handed out.
    pub jobs: u64,
    /// Workers that died during a job.
    pub crashes: u64,
    /// The virtual time at which the last job was handed out, and at which the last one ended.
    pub handed_out: f64,
    /// See `handed_out`.
    pub ended: f64,
    /// The share of the workers' time until the last job was handed out that went into training
    /// which was not lost.
    pub utilisation: f64,
    /// The same until the last job ended.
    pub utilisation_with_end: f64,
    /// Decisions: jobs handed out and reports judged.
    pub decisions: u64,
    /// The wall time that they took.
    pub decision_time: Duration,
    /// The wall time of everything.
    pub wall: Duration,
    /// The state of the trials at the end: complete, pruned, paused, failed.
    pub states: [usize; 4],
    /// The table over time.
    pub glances: Vec<Glance>,
}

/// Something that happens at a time.
#[derive(Clone, Copy, Debug)]
struct Event {
    time: f64,
    /// Breaks ties in order of creation.
    order: u64,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// A worker has trained a trial to `step` of a job that goes to `until`.
    Reached { number: u64, step: u64, until: u64, began: f64 },
    /// A worker that died is noticed and replaced.
    Replaced { number: u64 },
}

impl Ord for Event {
    /// The earliest is the greatest, for the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.total_cmp(&self.time).then(other.order.cmp(&self.order))
    }
}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Event {}

/// The number of lines of the table over time.
const LINES: u64 = 10;

/// A running simulation.
struct Run<'a> {
    cluster: &'a Cluster,
    study: &'a mut Study,
    workload: &'a dyn Workload,
    ladder: Ladder,
    rng: Stream,
    events: BinaryHeap<Event>,
    order: u64,
    now: f64,
    idle: usize,
    jobs: u64,
    crashes: u64,
    /// Training that was not lost.
    useful: f64,
    useful_when_handed_out: f64,
    handed_out: f64,
    decisions: u64,
    decision_time: Duration,
    /// The best reported loss and the final loss of its trial.
    incumbent: (f64, f64),
    /// The runtime factor and the cost of each running job.
    running: HashMap<u64, (f64, f64)>,
    glances: Vec<Glance>,
    noted: (u64, Duration),
}

impl Cluster {
    /// Runs a study with a ladder on a workload: hands out the jobs, then waits for the last to end.
    ///
    /// With several objectives the second is the workload's size and further ones are the sum of
    /// both; the incumbent is judged by the first.
    ///
    /// # Errors
    /// [`SimulateError`] for settings out of range, a study without a ladder, or one that fails.
    pub fn run(
        &self,
        study: &mut Study,
        workload: &dyn Workload,
    ) -> Result<Summary, SimulateError> {
        self.check()?;
        let ladder = study.ladder().cloned().ok_or(SimulateError::Setting {
            what: "the number of fidelities",
            range: "1 or more",
            found: 0.0,
        })?;
        let start = Instant::now();
        let mut run = Run {
            cluster: self,
            study,
            workload,
            ladder,
            rng: stream(self.seed, 0, "cluster"),
            events: BinaryHeap::new(),
            order: 0,
            now: 0.0,
            idle: self.workers,
            jobs: 0,
            crashes: 0,
            useful: 0.0,
            useful_when_handed_out: 0.0,
            handed_out: 0.0,
            decisions: 0,
            decision_time: Duration::ZERO,
            incumbent: (f64::INFINITY, f64::NAN),
            running: HashMap::new(),
            glances: Vec::new(),
            noted: (0, Duration::ZERO),
        };
        run.hand_out()?;
        while let Some(event) = run.events.pop() {
            run.now = event.time;
            run.happen(event.what)?;
            run.hand_out()?;
        }
        if run.jobs < self.jobs && !run.finished()? {
            return Err(SimulateError::Stuck { jobs: run.jobs });
        }
        run.glance();
        let time = self.workers as f64;
        let history = run.study.history();
        let states = [State::Complete, State::Pruned, State::Paused, State::Failed];
        Ok(Summary {
            jobs: run.jobs,
            crashes: run.crashes,
            handed_out: run.handed_out,
            ended: run.now,
            utilisation: run.useful_when_handed_out
                / (time * run.handed_out).max(f64::MIN_POSITIVE),
            utilisation_with_end: run.useful / (time * run.now).max(f64::MIN_POSITIVE),
            decisions: run.decisions,
            decision_time: run.decision_time,
            wall: start.elapsed(),
            states: states.map(|state| history.count(state)),
            glances: run.glances,
        })
    }

    fn check(&self) -> Result<(), SimulateError> {
        let setting = |what, range, found: f64, fits: bool| {
            if fits { Ok(()) } else { Err(SimulateError::Setting { what, range, found }) }
        };
        let share = "0 to 1";
        setting("the number of workers", "1 or more", self.workers as f64, self.workers > 0)?;
        setting(
            "the share of stragglers",
            share,
            self.stragglers,
            (0.0..=1.0).contains(&self.stragglers),
        )?;
        setting("the share of crashes", share, self.crashes, (0.0..1.0).contains(&self.crashes))?;
        let finite = |x: f64| x.is_finite() && x >= 0.0;
        setting("a straggler's delay", "0 or more", self.straggle, finite(self.straggle))?;
        setting("the time of a restart", "0 or more", self.restart, finite(self.restart))
    }
}

impl Run<'_> {
    /// Wall time of a call to the study.
    fn timed<T>(&mut self, call: impl FnOnce(&mut Study) -> T) -> T {
        let start = Instant::now();
        let result = call(self.study);
        self.decision_time += start.elapsed();
        self.decisions += 1;
        result
    }

    /// Gives idle workers something to do.
    fn hand_out(&mut self) -> Result<(), SimulateError> {
        while self.idle > 0 && self.jobs < self.cluster.jobs {
            let Next::Run(Assignment { number, fidelity, target, .. }) =
                self.timed(Study::next_job)?
            else {
                break;
            };
            self.idle -= 1;
            self.jobs += 1;
            let mut factor = self.cluster.runtimes.draw(&mut self.rng);
            if self.rng.random::<f64>() < self.cluster.stragglers {
                factor *= self.cluster.straggle;
            }
            let (number, from) = (number.0, fidelity.0);
            let until = target.unwrap_or(self.ladder.max()).0;
            let cost = self.ladder.cost_between(from, until).max(f64::MIN_POSITIVE);
            self.running.insert(number, (factor, cost));
            self.train(number, from, until);
            if self.jobs == self.cluster.jobs {
                self.handed_out = self.now;
                self.useful_when_handed_out = self.useful + self.under_way();
            }
            if self.jobs.is_multiple_of((self.cluster.jobs / LINES).max(1)) {
                self.glance();
            }
        }
        Ok(())
    }

    /// Sends a worker from one fidelity towards `until`: to the next report, or to its death.
    fn train(&mut self, number: u64, from: u64, until: u64) {
        let step = self.study.next_milestone(from, until).0;
        let (factor, whole) = self.running.get(&number).copied().unwrap_or((1.0, 1.0));
        let cost = self.ladder.cost_between(from, step);
        let time = cost * factor;
        // The risk of a job is spread over its stretches.
        let share = (cost / whole).min(1.0);
        let survives = (1.0 - self.cluster.crashes).powf(share);
        let event = if self.rng.random::<f64>() < survives {
            let began = self.now;
            (self.now + time, What::Reached { number, step, until, began })
        } else {
            let lived = time * self.rng.random::<f64>();
            (self.now + lived + self.cluster.restart, What::Replaced { number })
        };
        self.order += 1;
        self.events.push(Event { time: event.0, order: self.order, what: event.1 });
    }

    fn happen(&mut self, what: What) -> Result<(), SimulateError> {
        match what {
            What::Replaced { number } => {
                self.crashes += 1;
                self.running.remove(&number);
                self.timed(|study| study.release(number))?;
                self.idle += 1;
            }
            What::Reached { number, step, until, began } => {
                self.useful += self.now - began;
                let values = self.values(number, step);
                let loss = values[0];
                let reported = values.clone();
                match self.timed(|study| study.report(number, step, reported))? {
                    Verdict::Continue if step < until => {
                        self.note(number, loss);
                        self.train(number, step, until);
                        return Ok(());
                    }
                    Verdict::Complete | Verdict::Continue => {
                        self.timed(|study| study.tell(number, Outcome::from(values)))?;
                        self.decisions -= 1;
                    }
                    Verdict::Pause | Verdict::Stop => {}
                }
                self.note(number, loss);
                self.running.remove(&number);
                self.idle += 1;
            }
        }
        Ok(())
    }

    fn values(&self, number: u64, step: u64) -> Vec<f64> {
        let objectives = self.study.history().directions().len();
        let Some(trial) = self.study.history().get(number) else { return vec![f64::NAN] };
        let loss = self.workload.loss(&trial.config, number, step, self.ladder.max().0);
        if objectives == 1 {
            return vec![loss];
        }
        let size = self.workload.size(&trial.config);
        (0..objectives).map(|i| [loss, size].get(i).copied().unwrap_or(loss + size)).collect()
    }

    /// Makes the trial with the lowest reported loss the incumbent.
    fn note(&mut self, number: u64, loss: f64) {
        if loss < self.incumbent.0
            && let Some(trial) = self.study.history().get(number)
        {
            self.incumbent = (loss, self.workload.final_loss(&trial.config));
        }
    }

    /// Training that is under way and will not be lost.
    fn under_way(&self) -> f64 {
        let part = |event: &Event| match event.what {
            What::Reached { began, .. } => self.now - began,
            What::Replaced { .. } => 0.0,
        };
        self.events.iter().map(part).sum()
    }

    fn glance(&mut self) {
        let (decisions, time) = (self.decisions - self.noted.0, self.decision_time - self.noted.1);
        if decisions == 0 {
            return;
        }
        self.noted = (self.decisions, self.decision_time);
        self.glances.push(Glance {
            time: self.now,
            jobs: self.jobs,
            trials: self.study.history().len() as u64,
            regret: self.incumbent.1 - self.workload.optimum(),
            decision: time.as_secs_f64() * 1e6 / decisions as f64,
        });
    }

    fn finished(&mut self) -> Result<bool, SimulateError> {
        Ok(matches!(self.study.next_job()?, Next::Finished))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Curves;
    use automl_registry::PartSpec;
    use automl_study::Direction;
    use automl_study::part::StudyContext;

    fn simulate(scheduler: &str, sampler: &str, cluster: &Cluster, objectives: usize) -> Summary {
        let curves = Curves::new("power", 1).unwrap();
        let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
        let setting = StudyContext {
            space: curves.space(),
            objectives,
            constraints: 0,
            planned_trials: None,
            ladder: Some(&ladder),
            total_cost: None,
            trial_limit: None,
        };
        let mut study = Study::builder(curves.space().clone())
            .directions(vec![Direction::Minimize; objectives])
            .sampler(automl_registry::sampler(&PartSpec::named(sampler), &setting).unwrap())
            .scheduler(
                ladder.clone(),
                automl_registry::scheduler(&PartSpec::named(scheduler), &setting).unwrap().unwrap(),
            )
            .build()
            .unwrap();
        let summary = cluster.run(&mut study, &curves).unwrap();
        // Whoever was handed out has come back.
        assert_eq!(study.history().count(State::Running), 0);
        summary
    }

    fn cluster() -> Cluster {
        Cluster {
            workers: 20,
            jobs: 300,
            runtimes: Runtimes::log_normal(0.5).unwrap(),
            stragglers: 0.01,
            straggle: 10.0,
            crashes: 0.05,
            restart: 0.5,
            seed: 3,
        }
    }

    #[test]
    fn every_scheduler_keeps_the_workers_busy() {
        for name in automl_registry::schedulers().iter().map(|entry| entry.name) {
            let sampler = if name == "pbt" { "pbt" } else { "random" };
            let summary = simulate(name, sampler, &cluster(), 1);
            assert_eq!(summary.jobs, 300);
            // A population waits for its last member before the next one begins.
            let least = if name == "pbt" { 0.3 } else { 0.9 };
            assert!(summary.utilisation > least, "{name}: {}", summary.utilisation);
            assert!(summary.crashes > 0 || name != "asha");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let runs = [0, 0, 1].map(|seed| {
            let summary = simulate("hyperband", "tpe", &Cluster { seed, ..cluster() }, 2);
            (summary.ended, summary.states, summary.crashes)
        });
        assert_eq!(runs[0], runs[1]);
        assert_ne!(runs[0], runs[2]);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let curves = Curves::new("power", 1).unwrap();
        let mut study = Study::builder(curves.space().clone()).build().unwrap();
        assert!(cluster().run(&mut study, &curves).is_err());
        let ladder = Ladder::new("epoch", 1, 3, true).unwrap();
        let mut study = Study::builder(curves.space().clone()).ladder(ladder).build().unwrap();
        assert!(Cluster { workers: 0, ..cluster() }.run(&mut study, &curves).is_err());
        assert!(Cluster { crashes: 1.5, ..cluster() }.run(&mut study, &curves).is_err());
    }
}
