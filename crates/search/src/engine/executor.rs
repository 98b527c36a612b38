//! Workers: each asks the study for its next job, trains, and reports.

use super::SearchError;
use super::setup::Setup;
use crate::{Event, Progress};
use automl_arch::{Architecture, Cost};
use automl_data::Split;
use automl_numeric::pareto;
use automl_numeric::stream;
use automl_study::{Assignment, History, Next, Outcome, State, Study, TrialId, Verdict};
use automl_train::{TrainError, Training, one_thread};
use rand::RngExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After how much training a checkpoint is written between rungs.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(20);

/// How often a process without work looks for what others wrote.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The attribute that holds the seconds of one epoch.
pub(super) const EPOCH_SECONDS: &str = "automl:epoch-seconds";

/// What all workers share.
pub(super) struct Executor<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) study: Mutex<Study>,
    /// Wakes workers that wait for a report.
    pub(super) changed: Condvar,
    pub(super) deadline: Option<Instant>,
    looks: Pace,
    /// When the run began.
    pub(super) start: Instant,
    /// When the trials of this run began, and how many were known by then.
    before: (Instant, u64),
}

impl<'a> Executor<'a> {
    pub(super) fn new(
        setup: Setup<'a>,
        study: Study,
        deadline: Option<Instant>,
        start: Instant,
    ) -> Self {
        let before = (Instant::now(), tried(study.history()));
        let (study, changed) = (Mutex::new(study), Condvar::new());
        let looks = Pace::new(LOOK_EVERY);
        Self { setup, study, changed, deadline, looks, start, before }
    }

    /// Runs `workers` workers until nothing is left to do, the time is over or someone asks to
    /// stop. The first error ends all of them; what was recorded stays.
    pub(super) fn run(&self, workers: usize, one_thread_each: bool) -> Result<(), SearchError> {
        let failure = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let work = || self.work(&failure);
                    let result = if one_thread_each { one_thread(work) } else { work() };
                    if let Err(error) = result {
                        lock(&failure).get_or_insert(error);
                        self.changed.notify_all();
                    }
                });
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn is_over(&self) -> bool {
        self.setup.is_over(self.deadline)
    }

    fn work(&self, failure: &Mutex<Option<SearchError>>) -> Result<(), SearchError> {
        while !self.is_over() && lock(failure).is_none() {
            let mut study = lock(&self.study);
            match study.next_job().map_err(|error| self.setup.plan.caps.refused(error))? {
                Next::Run(assignment) => {
                    drop(study);
                    let number = assignment.number;
                    match self.job(assignment) {
                        Err(SearchError::Tell(error)) if error.is_lease_lost() => {
                            self.setup.note(format!("trial {number} goes on elsewhere: {error}"));
                        }
                        Err(error) => {
                            // Whoever is still at work goes on with it.
                            let _ = lock(&self.study).release(number);
                            return Err(error);
                        }
                        Ok(()) => {}
                    }
                    self.changed.notify_all();
                }
                Next::Wait => {
                    // What this process does wakes all; the others are looked for now and then.
                    let patience = Duration::from_millis(200);
                    let mut study = study;
                    loop {
                        let waited = self.changed.wait_timeout(study, patience);
                        let (again, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                        study = again;
                        if !waited.timed_out() || self.is_over() || self.looks.is_due() {
                            break;
                        }
                    }
                }
                Next::Finished => break,
            }
        }
        Ok(())
    }

    /// Trains one candidate as far as its job goes.
    fn job(&self, assignment: Assignment) -> Result<(), SearchError> {
        let Assignment { number, config, fidelity, target } = assignment;
        let (number, from) = (number.0, fidelity.0);
        let until = target.unwrap_or(self.setup.plan.rungs.ladder.max()).0;
        let architecture = self.setup.plan.networks.architecture(&config);
        let network = match architecture.graph() {
            Ok(network) if self.setup.plan.caps.allow(&network) => network,
            Ok(network) => {
                let cost = network.cost();
                let reason = format!(
                    "over a cap with {} parameters and {} MACs",
                    cost.parameters, cost.macs
                );
                return self.fail(number, reason, None);
            }
            Err(error) => return self.fail(number, error.to_string(), None),
        };
        let cost = network.cost();
        let price = self.setup.plan.caps.price(self.setup.settings.search.cost_objective, &network);
        self.setup.tell(&Event::Training { trial: number, params: cost.parameters, from, until });
        let rungs = &self.setup.plan.rungs;
        let mut going: Option<Training> = None;
        let mut at = from;
        let mut saved = Instant::now();
        while at < until {
            let next = if rungs.by_epoch() {
                at + 1
            } else {
                lock(&self.study).next_milestone(at, until).0
            };
            let begun = match going.take() {
                Some(training) => Ok(training),
                None => self.begin(number, at, next, &architecture),
            };
            let trained = begun.map_err(SearchError::from).and_then(|mut training| {
                let seconds = self.advance(number, next, &mut training, &mut saved)?;
                Ok((training, seconds))
            });
            let (training, seconds) = match trained {
                Ok(trained) => trained,
                Err(SearchError::Train(TrainError::Stopped { .. })) => {
                    lock(&self.study).release(number)?;
                    return Ok(());
                }
                Err(SearchError::Train(error)) => {
                    return self.fail(number, error.to_string(), Some(cost));
                }
                Err(error) => return Err(error),
            };
            at = next;
            let accuracy = training.evaluate(Split::Validation).accuracy;
            // A trial that is paused has its checkpoint, whatever happens in between. Where time is
            // limited, the final training may start from the weights of one that is complete.
            if at >= until && (at < rungs.ladder.max().0 || self.deadline.is_some()) {
                training.save(&self.setup.folder.checkpoint(number))?;
            }
            let mut study = lock(&self.study);
            if let Some(seconds) = seconds {
                study.set_attribute(
                    number,
                    EPOCH_SECONDS,
                    (seconds / rungs.epoch_cost(at)).into(),
                )?;
            }
            let values = vec![accuracy, price];
            let verdict = study.report(number, at, values.clone())?;
            let state = match verdict {
                Verdict::Continue => None,
                Verdict::Pause => Some("paused"),
                Verdict::Stop => Some("pruned"),
                Verdict::Complete => {
                    study.tell(number, values)?;
                    Some("complete")
                }
            };
            self.changed.notify_all();
            let progress = self.progress(study.history());
            // Nobody else's end is decided while this trial goes on.
            let mut ended = if state.is_some() { study.unpromotable() } else { Vec::new() };
            drop(study);
            ended.extend((state == Some("pruned")).then_some(TrialId(number)));
            ended.into_iter().for_each(|trial| self.setup.folder.free_checkpoint(trial.0));
            if let Some(state) = state {
                self.setup.tell(&Event::Candidate {
                    trial: number,
                    state,
                    reason: None,
                    epochs: training.epoch(),
                    accuracy: Some(accuracy),
                    params: cost.parameters,
                    macs: cost.macs,
                });
            }
            self.setup.tell(&Event::Progress(progress));
            if state.is_some() {
                return Ok(());
            }
            going = rungs.ladder.resumable().then_some(training);
        }
        // The checkpoint lies beyond the job: its reports are recorded, so it can be judged.
        lock(&self.study).release(number)?;
        Ok(())
    }

    /// A training on the way to fidelity `next`: the one that its trial has behind it where
    /// training goes on from fidelity to fidelity, else one from scratch.
    fn begin(
        &self,
        number: u64,
        at: u64,
        next: u64,
        architecture: &Architecture,
    ) -> Result<Training, TrainError> {
        let rungs = &self.setup.plan.rungs;
        let stage = rungs.stage(next);
        let seed = stream(lock(&self.study).seed(), number, "weights").random();
        let path = self.setup.folder.checkpoint(number);
        if rungs.ladder.resumable() && (at > 0 || path.exists()) {
            let adapted = architecture.at_resolution(stage.fidelity.side)?;
            match Training::resume(&path, &stage.data, self.setup.device) {
                // It may be that of another record that was in this folder.
                Ok(training)
                    if (training.architecture(), training.seed()) == (Some(&adapted), seed)
                        && training.epoch() <= rungs.epochs_at(next) =>
                {
                    return Ok(training);
                }
                Ok(_) => {}
                Err(error) => {
                    let note = format!("trial {number} starts again from its first epoch: {error}");
                    self.setup.tell(&Event::Note(note));
                }
            }
        }
        stage.training(architecture, seed, self.setup.device)
    }

    /// Trains to the epochs of a fidelity, with a checkpoint now and then on the way; returns the mean
    /// seconds of an epoch, if there was one.
    fn advance(
        &self,
        number: u64,
        next: u64,
        training: &mut Training,
        saved: &mut Instant,
    ) -> Result<Option<f64>, SearchError> {
        let (mut seconds, mut epochs) = (0.0, 0);
        let rungs = &self.setup.plan.rungs;
        while training.epoch() < rungs.epochs_at(next) {
            seconds += training.run_epoch(&|| self.is_over())?.time.as_secs_f64();
            epochs += 1;
            if rungs.ladder.resumable() && saved.elapsed() > CHECKPOINT_EVERY {
                training.save(&self.setup.folder.checkpoint(number))?;
                *saved = Instant::now();
            }
        }
        Ok((epochs > 0).then(|| seconds / f64::from(epochs)))
    }

    fn fail(&self, number: u64, reason: String, cost: Option<Cost>) -> Result<(), SearchError> {
        let mut study = lock(&self.study);
        study.tell(number, Outcome::failed(reason.clone()))?;
        let step = study.history().get(number).map_or(0, |trial| trial.fidelity().0);
        drop(study);
        self.setup.folder.free_checkpoint(number);
        self.setup.tell(&Event::Candidate {
            trial: number,
            state: "failed",
            reason: Some(reason),
            epochs: self.setup.plan.rungs.epochs_at(step),
            accuracy: None,
            params: cost.map_or(0, |cost| cost.parameters),
            macs: cost.map_or(0, |cost| cost.macs),
        });
        Ok(())
    }

    pub(super) fn progress(&self, history: &History) -> Progress {
        let trials = self.setup.plan.trials.max(history.len() as u64);
        let judged = judged(history);
        let tried = tried(history);
        let (begun, known) = self.before;
        let new = tried.saturating_sub(known);
        let by_trials = time_left(begun.elapsed(), new, trials.saturating_sub(tried));
        let by_clock = self.deadline.map(|d| d.saturating_duration_since(Instant::now()));
        Progress {
            tried,
            running: history.count(State::Running) as u64,
            trials,
            best: judged.iter().map(|losses| -losses[0]).max_by(f64::total_cmp),
            front: pareto::ranks(&judged).iter().filter(|rank| **rank == 0).count(),
            elapsed: self.start.elapsed(),
            left: Some(by_clock.map_or(by_trials, |clock| clock.min(by_trials)))
                .filter(|_| new > 3),
        }
    }
}

/// Lets one of many threads do something, once in a while.
struct Pace {
    every: Duration,
    last: Mutex<Instant>,
}

impl Pace {
    fn new(every: Duration) -> Self {
        Self { every, last: Mutex::new(Instant::now()) }
    }

    /// Whether it is time, for whoever asks first.
    fn is_due(&self) -> bool {
        let mut last = lock(&self.last);
        let due = last.elapsed() >= self.every;
        if due {
            *last = Instant::now();
        }
        due
    }
}

/// The losses of the trials that were judged.
fn judged(history: &History) -> Vec<Vec<f64>> {
    history
        .trials()
        .iter()
        .filter(|trial| trial.state != State::Failed)
        .filter_map(|trial| Some(history.losses(trial.last_values()?)))
        .collect()
}

/// How many trials were judged or failed.
fn tried(history: &History) -> u64 {
    (judged(history).len() + history.count(State::Failed)) as u64
}

/// The time for the trials that are left, at the pace of those of this run.
fn time_left(elapsed: Duration, tried: u64, left: u64) -> Duration {
    let seconds = elapsed.as_secs_f64() * left as f64 / tried.max(1) as f64;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Locks, also after another worker panicked: the data behind is changed in whole steps only.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many workers wait, and however often they wake.
    #[test]
    fn one_of_many_looks_at_a_time() {
        let pace = Pace::new(Duration::from_millis(200));
        let start = Instant::now();
        let looked = std::thread::scope(|scope| {
            let look = || {
                let mut count = 0;
                while start.elapsed() < Duration::from_millis(500) {
                    count += u32::from(pace.is_due());
                    std::thread::sleep(Duration::from_millis(1));
                }
                count
            };
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(look)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum::<u32>()
        });
        assert!((1..=3).contains(&looked), "{looked}");
    }

    #[test]
    fn the_time_left_follows_from_the_trials_of_this_run() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(time_left(minutes(2), 4, 30), minutes(15));
        assert_eq!(time_left(minutes(2), 4, 0), minutes(0));
        assert_eq!(time_left(minutes(2), 0, 3), minutes(6));
    }
}
