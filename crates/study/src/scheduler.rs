//! The trait of schedulers: early termination and resumption of trials. Decisions are data.

use crate::part::{OptionError, SchedulerConfig, StudyContext, Supports};
use crate::{Fidelity, History, Run, Sources, State, TrialId};
use std::fmt;

/// What a free worker should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Ask the sampler for a new configuration and train it.
    Start(Run),
    /// Go on with a paused trial.
    Resume {
        /// The trial.
        trial: TrialId,
        /// Up to this fidelity.
        target: Fidelity,
    },
    /// Nothing can start before some running trial reports.
    Wait,
    /// Nothing is left to do.
    Finished,
}

/// What becomes of a trial that has just reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Train on.
    Continue,
    /// Keep the checkpoint and free the worker.
    Pause,
    /// Stop for good.
    Stop,
    /// The highest fidelity is reached.
    Complete,
}

/// Decides how long each trial is trained.
///
/// **The law**: a decision is a function of the trials of the history (their states, reports and
/// attributes), so that a scheduler that starts on a recorded study decides as one that saw it
/// grow. Caches may follow the history's cursor.
pub trait Scheduler: Send + fmt::Debug {
    /// What a free worker should do next.
    fn next_job(&mut self, history: &History) -> Job;

    /// What becomes of the trial that has just reported. Called once for each report, after the
    /// report has joined the history.
    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict;

    /// The next fidelity above `fidelity`, on the way to `target`, at which this scheduler wants a
    /// report. Executors that see every fidelity report each; one that is asked from outside runs
    /// to exactly this one. The default is `target`.
    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        let _ = fidelity;
        target
    }

    /// The paused trials that will never be resumed, whatever the others report: their checkpoints
    /// can be freed. The default names none.
    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        let _ = history;
        Vec::new()
    }

    /// Takes up the earlier studies and the first configurations of the study, before the first
    /// decision. By the law the decisions are then a function of the trials and of these sources. The
    /// default does nothing.
    fn warm_start(&mut self, _sources: &Sources) {}
}

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    fn next_job(&mut self, history: &History) -> Job {
        (**self).next_job(history)
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        (**self).verdict(history, trial)
    }

    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        (**self).next_milestone(fidelity, target)
    }

    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        (**self).unpromotable(history)
    }

    fn warm_start(&mut self, sources: &Sources) {
        (**self).warm_start(sources);
    }
}

/// No early termination: every trial is trained to the highest fidelity.
///
/// # Examples
/// ```
/// use automl_study::{Direction, FullFidelity, History, Job, Scheduler};
///
/// let job = FullFidelity::new(9).next_job(&History::new(vec![Direction::Minimize]));
/// assert!(matches!(job, Job::Start(run) if run.target == 9));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FullFidelity {
    max: Fidelity,
}

impl FullFidelity {
    /// Trains everything to `max`.
    pub fn new(max: impl Into<Fidelity>) -> Self {
        Self { max: max.into() }
    }
}

impl Scheduler for FullFidelity {
    fn next_job(&mut self, history: &History) -> Job {
        // A trial that lost its worker goes on first.
        match history.in_state(State::Paused).next() {
            Some(trial) => Job::Resume { trial: trial.number, target: self.max },
            None => Job::Start(Run::to(self.max)),
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let reached = history.get(trial).map_or(Fidelity::ZERO, crate::Trial::fidelity);
        if reached >= self.max { Verdict::Complete } else { Verdict::Continue }
    }
}

crate::options! {
    /// No early termination: every trial is trained to the highest fidelity.
    pub struct FullFidelityConfig = "none" {}
}

impl SchedulerConfig for FullFidelityConfig {
    const SUPPORTS: Supports = Supports::EVERY_STUDY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        Ok(Box::new(FullFidelity::new(study.ladder("none")?.max())))
    }
}
