//! Workers: each asks the study for its next job, runs the program, and records what it tells.

use crate::folder::Folder;
use crate::plan::Plan;
use crate::program::{Guard, Mark};
use crate::summary::Best;
use crate::{TuneError, TuneEvent};
use automl_study::{LeaseWatch, Next, Outcome, State, StopFlag, Study, TrialId};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest time that a worker without work waits before it looks again.
const PATIENCE: Duration = Duration::from_millis(500);

/// The state that all workers share.
pub(crate) struct Tuner<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) folder: &'a Folder,
    pub(crate) guard: Option<Arc<Guard>>,
    /// The mark of this tuner's programs.
    pub(crate) mark: Mark,
    study: Mutex<Study>,
    leases: LeaseWatch,
    /// Wakes workers that wait for a report.
    changed: Condvar,
    stop: &'a StopFlag,
    deadline: Option<Instant>,
    observer: &'a (dyn Fn(&TuneEvent) + Sync),
    failures: Mutex<Failures>,
}

/// Failed trials before the first success.
#[derive(Debug)]
struct Failures {
    count: u64,
    /// Whether a trial has had a result, so that failures are counted no longer.
    has_result: bool,
}

impl<'a> Tuner<'a> {
    pub(crate) fn new(
        plan: &'a Plan<'a>,
        folder: &'a Folder,
        study: Study,
        stop: &'a StopFlag,
        observer: &'a (dyn Fn(&TuneEvent) + Sync),
    ) -> Self {
        let trials = study.history().trials();
        let has_result = trials.iter().any(|trial| trial.last_values().is_some());
        let mark = Mark::of_tuner();
        Self {
            plan,
            folder,
            guard: Guard::start(plan.settings.grace, &mark).map(Arc::new),
            mark,
            leases: study.lease_watch(),
            study: Mutex::new(study),
            changed: Condvar::new(),
            stop,
            deadline: plan.settings.timeout.map(|time| Instant::now() + time),
            observer,
            failures: Mutex::new(Failures { count: 0, has_result }),
        }
    }

    /// Runs workers until nothing is left to do, the time is over or the stop flag is set. The first
    /// error ends all of them; recorded trials stay. Returns whether nothing is left to do.
    pub(crate) fn run(&self, slots: usize) -> Result<bool, TuneError> {
        let failure = Mutex::new(None);
        let has_failed = || lock(&failure).is_some();
        std::thread::scope(|scope| {
            for slot in 0..slots {
                let (failure, has_failed) = (&failure, &has_failed);
                scope.spawn(move || {
                    if let Err(error) = self.work(slot, has_failed) {
                        lock(failure).get_or_insert(error);
                    }
                    self.changed.notify_all();
                });
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(!self.is_over()),
        }
    }

    /// The study, once all workers are done.
    pub(crate) fn into_study(self) -> Study {
        self.study.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn study(&self) -> MutexGuard<'_, Study> {
        lock(&self.study)
    }

    /// Whether programs are to end, because of the stop flag or the time limit.
    pub(crate) fn is_over(&self) -> bool {
        self.stop.is_set() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Whether heartbeats of a trial do not reach the record, so that another worker may take it.
    pub(crate) fn is_doubtful(&self, number: TrialId) -> bool {
        self.leases.is_doubtful(number)
    }

    pub(crate) fn tell(&self, event: &TuneEvent) {
        (self.observer)(event);
    }

    pub(crate) fn note(&self, note: String) {
        self.tell(&TuneEvent::Note(note));
    }

    fn work(&self, slot: usize, has_failed: &dyn Fn() -> bool) -> Result<(), TuneError> {
        while !self.is_over() && !has_failed() {
            let mut study = self.study();
            match study.next_job()? {
                Next::Run(assignment) => {
                    let copied = self.copy_parent(&assignment);
                    drop(study);
                    copied?;
                    let number = assignment.number;
                    match self.job(assignment, slot, has_failed) {
                        Err(TuneError::Tell(error)) if error.is_lease_lost() => {
                            self.note(format!("trial {number} goes on elsewhere: {error}"));
                        }
                        Err(error) => {
                            // Another worker may go on with it, or this one when it begins again.
                            let _ = self.study().release(number);
                            return Err(error);
                        }
                        Ok(()) => {}
                    }
                    self.changed.notify_all();
                }
                Next::Wait => {
                    // A report of this process wakes all; other processes are looked at at times.
                    drop(self.changed.wait_timeout(study, PATIENCE));
                }
                Next::Finished => break,
            }
        }
        Ok(())
    }

    /// Ends a trial as failed.
    pub(crate) fn fail(&self, number: TrialId, reason: String) -> Result<(), TuneError> {
        self.study().tell(number, Outcome::failed(reason.clone()))?;
        self.settled(number, Some(reason.clone()))?;
        let mut failures = lock(&self.failures);
        failures.count += 1;
        if !failures.has_result && failures.count >= self.plan.settings.max_failures {
            let count = failures.count;
            return Err(TuneError::AllFailed { count, trial: number.0, reason });
        }
        Ok(())
    }

    /// Shows where a trial stands after its run, frees checkpoints that are not needed any longer,
    /// and writes the best trial.
    pub(crate) fn settled(&self, number: TrialId, reason: Option<String>) -> Result<(), TuneError> {
        let settings = self.plan.settings;
        let mut study = self.study();
        let Some(trial) = study.history().get(number).cloned() else { return Ok(()) };
        if trial.state == State::Complete
            && let Some(best) = Best::of(&study, self.plan, self.folder)
        {
            best.write(self.folder)?;
        }
        let mut ended = study.unpromotable();
        drop(study);
        ended.extend(matches!(trial.state, State::Pruned | State::Failed).then_some(number));
        if !settings.keep_checkpoints {
            for number in ended {
                self.folder.trial(number.0)?.free_checkpoint();
            }
        }
        if trial.state != State::Failed {
            lock(&self.failures).has_result = true;
        }
        let names = settings.objectives.iter().map(|objective| objective.name.clone());
        let values = trial.last_values().unwrap_or_default().iter().copied();
        self.tell(&TuneEvent::Trial {
            trial: number.0,
            state: trial.state,
            fidelity: self.plan.ladder.is_some().then(|| trial.fidelity().0),
            values: names.zip(values).collect(),
            reason,
        });
        self.changed.notify_all();
        Ok(())
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
