//! Workers in virtual time: jobs, training, reports and crashes.

use super::SimulateError;
use super::event::{Event, What};
use super::run::Run;
use automl_study::{Assignment, Next, Outcome, Study, Verdict};
use rand::RngExt;

/// The number of lines of the table over time.
const LINES: u64 = 10;

impl Run<'_> {
    /// Gives idle workers something to do.
    pub(super) fn hand_out(&mut self) -> Result<(), SimulateError> {
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

    pub(super) fn happen(&mut self, what: What) -> Result<(), SimulateError> {
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
}
