//! Workers of a search: each asks the study for its next job, trains, and reports.

use super::pool::{Pool, lock};
use super::setup::Setup;
use super::supernet::Supernet;
use crate::{Event, Progress, RecordError, SearchError};
use automl_candidates::{Candidate, TimeLimit, TrialMetrics};
use automl_numeric::pareto;
use automl_numeric::stream;
use automl_study::{
    Assignment, Direction, History, LeaseWatch, Next, Outcome, State, Study, TrialId, Verdict,
};
use automl_train::{Evaluation, FoldedTraining, Pace, Saver, TrainError};
use rand::RngExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{debug, warn};

/// Seconds of training between two checkpoints of a rung.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(20);

/// The interval at which a process without work reads what others wrote.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The longest time that a worker without work waits at once.
const PATIENCE: Duration = Duration::from_millis(200);

/// The state that all workers share.
pub(super) struct Executor<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) study: Mutex<Study>,
    leases: LeaseWatch,
    /// Wakes workers that wait for a report.
    pub(super) changed: Condvar,
    pub(super) deadline: Option<Instant>,
    /// Whether the final training needs the rest of the time.
    is_short: AtomicBool,
    looks: Pace,
    time: TimeLimit,
    /// The beginning of the trials of this run, and the number of trials known by then.
    before: (Instant, u64),
}

impl<'a> Executor<'a> {
    pub(super) fn new(
        setup: Setup<'a>,
        study: Study,
        deadline: Option<Instant>,
        time: TimeLimit,
    ) -> Self {
        let before = (Instant::now(), tried(study.history()));
        let leases = study.lease_watch();
        let (study, changed) = (Mutex::new(study), Condvar::new());
        let looks = Pace::new(LOOK_EVERY);
        let is_short = AtomicBool::new(false);
        Self { setup, leases, study, changed, deadline, is_short, looks, time, before }
    }

    /// Runs workers until nothing is left to do, the time is over or the stop flag is set. The first
    /// error ends all of them; recorded trials stay.
    pub(super) fn run(&self, pool: Pool) -> Result<(), SearchError> {
        pool.run(|has_failed| {
            let result = self.work(pool.workers, has_failed);
            self.changed.notify_all();
            result
        })
    }

    /// The study, once all workers are done.
    pub(super) fn into_study(self) -> Study {
        self.study.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the trials, with a note, where the final training needs the rest of the time.
    fn leave_time(&self, workers: usize) {
        let Setup { plan, settings, .. } = self.setup;
        // Without a time limit, and as long as trials come first, the history is not looked through.
        if plan.learned().is_some() || !self.time.is_short(f64::INFINITY) {
            return;
        }
        let seconds = |trial| TrialMetrics::of(trial).and_then(TrialMetrics::epoch_seconds);
        let study = lock(&self.study);
        let seconds: Vec<f64> = study.history().trials().iter().filter_map(seconds).collect();
        drop(study);
        let needed = plan.final_epochs.seconds(&seconds, settings.search.final_networks);
        let is_short = self.time.is_short(needed * plan.final_images() / workers.max(1) as f64);
        if is_short && !self.is_short.swap(true, Ordering::Relaxed) {
            self.setup.note("no more trials: the final training needs the rest of the time".into());
        }
    }

    /// Whether the trials are over before all were tried.
    pub(super) fn is_over(&self) -> bool {
        self.is_short.load(Ordering::Relaxed) || self.setup.is_over(self.deadline)
    }

    fn work(&self, workers: usize, has_failed: &dyn Fn() -> bool) -> Result<(), SearchError> {
        while !self.is_over() && !has_failed() {
            let mut study = lock(&self.study);
            match study.next_job()? {
                Next::Run(assignment) => {
                    // The parent cannot report, so it goes no further than where it was chosen.
                    let inherited = self.copy_parent(&study, &assignment);
                    drop(study);
                    self.run_job(assignment, inherited)?;
                    self.leave_time(workers);
                    self.changed.notify_all();
                }
                Next::Wait => {
                    // A report of this process wakes all; other processes are looked at at times.
                    let mut study = study;
                    loop {
                        let waited = self.changed.wait_timeout(study, PATIENCE);
                        let (again, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                        study = again;
                        let is_over = self.is_over() || has_failed();
                        if !waited.timed_out() || is_over || self.looks.is_due() {
                            break;
                        }
                    }
                }
                Next::Finished => break,
            }
        }
        Ok(())
    }

    /// Runs a job, unless the trial's lease is lost to another worker meanwhile.
    fn run_job(&self, assignment: Assignment, inherited: Option<u64>) -> Result<(), SearchError> {
        let number = assignment.number.0;
        match self.job(assignment, inherited) {
            Err(SearchError::Record(RecordError::Tell(error))) if error.is_lease_lost() => {
                self.setup.note(format!("trial {number} goes on elsewhere: {error}"));
                Ok(())
            }
            Err(error) => {
                // Another worker may go on with it; where this fails too, once its lease expires.
                if let Err(lost) = lock(&self.study).release(number) {
                    warn!(trial = number, error = %lost, "the trial of a failed worker stays claimed");
                }
                Err(error)
            }
            done => done,
        }
    }

    /// Copies the newest checkpoint of the trial that a new one continues, and returns the fidelity of
    /// that trial; `None` for a trial that starts from scratch.
    fn copy_parent(&self, study: &Study, assignment: &Assignment) -> Option<u64> {
        let (number, parent) = (assignment.number.0, assignment.warm_start?);
        let scratch = |reason: String| {
            let words = format!("trial {number} starts from scratch and not from trial {parent}");
            self.setup.note(format!("{words}: {reason}"));
        };
        if !self.setup.plan.rungs.ladder.resumable() {
            scratch("the fidelities differ in more than epochs".into());
            return None;
        }
        let folder = self.setup.folder;
        let from = folder.checkpoint(parent.0);
        let (copies, own) = (FoldedTraining::files(&from), folder.checkpoint(number));
        let mut copies = copies.into_iter().zip(FoldedTraining::paths(&own));
        match copies.try_for_each(|(from, to)| std::fs::copy(from, to).map(drop)) {
            Ok(()) => study.history().get(parent).map(|trial| trial.fidelity().0),
            Err(error) => {
                scratch(format!("{}: {error}", from.display()));
                None
            }
        }
    }

    /// Trains one candidate as far as its job goes, from its own checkpoint or from the one that it
    /// has inherited at a fidelity.
    fn job(&self, assignment: Assignment, inherited: Option<u64>) -> Result<(), SearchError> {
        let Assignment { number, config, fidelity, target, .. } = assignment;
        let (number, from) = (number.0, inherited.unwrap_or(fidelity.0));
        let plan = self.setup.plan;
        let rungs = &plan.rungs;
        let until = target.unwrap_or(rungs.ladder.max()).0;
        let candidate = match plan.candidates.of(&config) {
            Ok(candidate) => candidate,
            Err(error) => return self.fail(number, error.to_string(), None),
        };
        if !plan.caps.allow(&candidate) {
            let cost = candidate.cost;
            let (parameters, macs) = (cost.parameters, cost.macs);
            let reason = format!("over a cap with {parameters} parameters and {macs} MACs");
            return self.fail(number, reason, None);
        }
        if let Some(supernet) = self.setup.supernet {
            return self.judge_part(number, candidate, supernet);
        }
        let params = candidate.cost.parameters;
        self.setup.tell(&Event::Training { trial: number, params, from, until });
        let inherits = inherited.is_some();
        let path = self.setup.folder.checkpoint(number);
        let savers = FoldedTraining::savers(&path, plan.trainings(), CHECKPOINT_EVERY);
        let mut job = Job { number, candidate, inherits, training: None, savers };
        let mut at = from;
        while at < until {
            let next = if rungs.by_epoch() {
                at + 1
            } else {
                lock(&self.study).next_milestone(at, until).0
            };
            let (training, seconds) = match self.train(&mut job, at, next) {
                Ok(trained) => trained,
                Err(error) if error.is_stop() => {
                    if self.leases.is_doubtful(number) {
                        let reason = "its heartbeats do not reach the record";
                        self.setup.note(format!("the training of trial {number} stops: {reason}"));
                    }
                    lock(&self.study).release(number)?;
                    return Ok(());
                }
                Err(error) if error.training().is_some() => {
                    return self.fail(number, error.to_string(), Some(&job.candidate));
                }
                Err(error) => return Err(error),
            };
            at = next;
            // A paused trial has its checkpoint, even if this process ends now. Under a time limit, the
            // final training may start from the weights of a complete one.
            if at >= until && (at < rungs.ladder.max().0 || self.deadline.is_some()) {
                training.save(&path)?;
            }
            let measured = Measured {
                evaluation: training.evaluate(),
                epochs: training.epoch(),
                seconds: &seconds,
                epoch_seconds: None,
            };
            if self.judge(number, &job.candidate, at, &measured)? {
                return Ok(());
            }
            job.training = rungs.ladder.resumable().then_some(training);
        }
        // The checkpoint lies beyond the job: its reports are recorded, so it can be judged.
        lock(&self.study).release(number)?;
        Ok(())
    }

    /// Trains to the next fidelity; the training, and the seconds of each epoch.
    fn train(
        &self,
        job: &mut Job,
        at: u64,
        next: u64,
    ) -> Result<(FoldedTraining, Vec<f64>), SearchError> {
        let mut training = match job.training.take() {
            Some(training) => training,
            None => self.begin(job, at, next)?,
        };
        let rungs = &self.setup.plan.rungs;
        let mut seconds = Vec::new();
        while training.epoch() < rungs.epochs_at(next) {
            let number = job.number;
            let stop = || self.is_over() || self.leases.is_doubtful(number);
            let savers =
                if rungs.ladder.resumable() { &mut job.savers[..] } else { Default::default() };
            let report = training.run_epoch(savers, &stop)?;
            seconds.push(report.time.as_secs_f64());
        }
        Ok((training, seconds))
    }

    /// Judges a candidate as a part of a trained network.
    fn judge_part(
        &self,
        number: u64,
        candidate: Arc<Candidate>,
        supernet: &Supernet<'_>,
    ) -> Result<(), SearchError> {
        let (evaluation, epoch) = match supernet.judge(self.setup.plan, &candidate) {
            Ok(judged) => judged,
            Err(error) => return self.fail(number, error.to_string(), Some(&candidate)),
        };
        let epoch_seconds = Some(epoch);
        let measured = Measured { evaluation, epochs: 0, seconds: &[], epoch_seconds };
        if !self.judge(number, &candidate, self.setup.plan.rungs.ladder.max().0, &measured)? {
            lock(&self.study).release(number)?;
        }
        Ok(())
    }

    /// Reports at a fidelity; whether that ends the job.
    fn judge(
        &self,
        number: u64,
        candidate: &Candidate,
        at: u64,
        measured: &Measured<'_>,
    ) -> Result<bool, SearchError> {
        let plan = self.setup.plan;
        let Measured { evaluation, epochs, seconds, epoch_seconds } = measured;
        let objective = plan.objective.value(evaluation, candidate, plan.caps.latency(candidate));
        if !objective.is_finite() {
            let name = self.setup.settings.search.objective_name();
            self.fail(number, format!("its {name} is {objective}"), Some(candidate))?;
            return Ok(true);
        }
        let mut study = lock(&self.study);
        let before = study.history().get(number).and_then(TrialMetrics::of);
        let metrics = TrialMetrics::new(before, evaluation, seconds, plan.rungs.epoch_cost(at));
        metrics.expecting(*epoch_seconds).record(&mut study, number)?;
        let price = plan.caps.price(self.setup.settings.search.cost_objective, candidate);
        let values = vec![objective, price];
        let state = match study.report(number, at, values.clone())? {
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
        // While this trial goes on, the end of no other one is decided.
        let mut ended = if state.is_some() { study.unpromotable() } else { Vec::new() };
        drop(study);
        ended.extend((state == Some("pruned")).then_some(TrialId(number)));
        ended.into_iter().for_each(|trial| self.setup.folder.free_checkpoint(trial.0));
        if let Some(state) = state {
            self.tell_end(number, state, *epochs, evaluation, candidate);
        }
        self.setup.tell(&Event::Progress(progress));
        Ok(state.is_some())
    }

    fn tell_end(
        &self,
        trial: u64,
        state: &'static str,
        epochs: u64,
        evaluation: &Evaluation,
        candidate: &Candidate,
    ) {
        self.setup.tell(&Event::Candidate {
            trial,
            state,
            reason: None,
            epochs,
            accuracy: Some(evaluation.accuracy),
            loss: Some(evaluation.loss),
            params: candidate.cost.parameters,
            macs: candidate.cost.macs,
        });
    }

    /// A training on the way to fidelity `next`: from the checkpoint of a parent that was copied, on a
    /// resumable ladder from the trial's own, else from scratch.
    fn begin(&self, job: &Job, at: u64, next: u64) -> Result<FoldedTraining, TrainError> {
        let (number, architecture) = (job.number, &job.candidate.architecture);
        let rungs = &self.setup.plan.rungs;
        let stages = self.setup.plan.stages(next, &job.candidate);
        let scratch = |seed: u64| -> Result<FoldedTraining, TrainError> {
            let folds = stages.iter();
            let folds = folds.map(|stage| stage.training(architecture, seed, self.setup.device));
            folds.collect::<Result<_, _>>().map(FoldedTraining::new)
        };
        let seed = stream(lock(&self.study).seed(), number, "weights").random();
        let path = self.setup.folder.checkpoint(number);
        if job.inherits {
            let mut child = scratch(seed)?;
            match child.inherit(&path) {
                Ok(share) if child.epoch() <= rungs.epochs_at(next) => {
                    debug!(trial = number, epoch = child.epoch(), share, "weights are inherited");
                    return Ok(child);
                }
                Ok(_) => {
                    let note = "its parent has gone on in another process";
                    self.setup.note(format!("trial {number} starts from scratch: {note}"));
                }
                Err(error) => {
                    self.setup.note(format!("trial {number} starts from scratch: {error}"));
                }
            }
            return scratch(seed);
        }
        if rungs.ladder.resumable() && (at > 0 || path.exists()) {
            let side = stages.first().map_or(architecture.input_side, |stage| stage.fidelity.side);
            let adapted = architecture.at_resolution(side)?;
            let data: Vec<_> = stages.iter().map(|stage| Arc::clone(&stage.data)).collect();
            match FoldedTraining::resume(&path, &data, self.setup.device) {
                // The checkpoint may be that of another record in this folder.
                Ok(training)
                    if (training.architecture(), training.seed()) == (Some(&adapted), seed)
                        && training.epoch() <= rungs.epochs_at(next) =>
                {
                    return Ok(training);
                }
                Ok(_) => {}
                Err(error) => {
                    let note = format!("trial {number} starts again from its first epoch: {error}");
                    self.setup.note(note);
                }
            }
        }
        scratch(seed)
    }

    fn fail(
        &self,
        number: u64,
        reason: String,
        candidate: Option<&Candidate>,
    ) -> Result<(), SearchError> {
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
            loss: None,
            params: candidate.map_or(0, |candidate| candidate.cost.parameters),
            macs: candidate.map_or(0, |candidate| candidate.cost.macs),
        });
        Ok(())
    }

    pub(super) fn progress(&self, history: &History) -> Progress {
        let trials = self.setup.plan.trials.max(history.len() as u64);
        let judged = judged(history);
        let tried = tried(history);
        let (begun, known) = self.before;
        let new = tried.saturating_sub(known);
        let by_trials = Progress::time_left(begun.elapsed(), new, trials.saturating_sub(tried));
        let by_clock = self.deadline.map(|d| d.saturating_duration_since(Instant::now()));
        Progress {
            tried,
            running: history.count(State::Running) as u64,
            trials,
            best: self.best(history, &judged),
            front: pareto::ranks(&judged).iter().filter(|rank| **rank == 0).count(),
            elapsed: self.time.start.elapsed(),
            left: Some(by_clock.map_or(by_trials, |clock| clock.min(by_trials)))
                .filter(|_| new > 3),
        }
    }
}

impl Executor<'_> {
    /// The best value of the first objective.
    fn best(&self, history: &History, judged: &[Vec<f64>]) -> Option<f64> {
        let sign = match history.directions().first() {
            Some(Direction::Minimize) => 1.0,
            _ => -1.0,
        };
        judged.iter().map(|losses| losses[0]).min_by(f64::total_cmp).map(|loss| sign * loss)
    }
}

/// What was measured of a candidate at a fidelity.
struct Measured<'a> {
    evaluation: Evaluation,
    /// Its own epochs so far.
    epochs: u64,
    /// Seconds of each epoch since the report before.
    seconds: &'a [f64],
    /// Seconds that an epoch is expected to take, where none was trained.
    epoch_seconds: Option<f64>,
}

/// One job of a worker.
struct Job {
    number: u64,
    candidate: Arc<Candidate>,
    /// Whether the trial starts from the checkpoint of another.
    inherits: bool,
    /// The training, where it goes on from fidelity to fidelity.
    training: Option<FoldedTraining>,
    /// The checkpoints of a training that goes on, of each fold.
    savers: Vec<Saver>,
}

/// The losses of the trials with a report.
fn judged(history: &History) -> Vec<Vec<f64>> {
    history
        .trials()
        .iter()
        .filter(|trial| trial.state != State::Failed)
        .filter_map(|trial| Some(history.losses(trial.last_values()?)))
        .collect()
}

/// The number of trials that have a report or failed.
fn tried(history: &History) -> u64 {
    (judged(history).len() + history.count(State::Failed)) as u64
}
