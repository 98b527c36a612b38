//! The study: ask and tell over a space, a history, a sampler, a scheduler and a storage.

mod add;
mod ask;
mod assignment;
mod best;
mod builder;
mod claim;
mod error;
mod refresh;
mod resume;
mod set_aside;
mod tell;
mod worker_lease;

pub use assignment::{Assignment, Next};
pub use builder::{BuildError, StudyBuilder};
pub use error::{AskError, RefreshError, TellError};
pub use worker_lease::LeaseWatch;

use crate::{
    Fidelity, History, Ladder, Sampler, Scheduler, SharedStorage, StopFlag, Storage, TrialId, View,
};
use automl_space::{Config, Space};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::warn;
use worker_lease::WorkerLease;

/// One optimization: a search space, the history of trials, a sampler and a scheduler.
///
/// Any number of processes may work on one study through a storage, each with a study object of its
/// own. Before every decision it takes in what the others wrote. What runs has a heartbeat, written
/// by a thread in the background, so that the trials of a worker that died go to another one and a
/// result that comes too late is refused.
#[derive(Debug)]
pub struct Study {
    space: Space,
    history: History,
    sampler: Box<dyn Sampler>,
    scheduler: Option<Box<dyn Scheduler>>,
    ladder: Option<Ladder>,
    storage: Option<Box<dyn Storage>>,
    seed: u64,
    planned_trials: Option<u64>,
    /// The configurations of the first trials, which the sampler is not asked for.
    first: Vec<Config>,
    trial_limit: Option<u64>,
    stop: StopFlag,
    /// Trials with a fixed configuration that have not started.
    waiting: BTreeSet<TrialId>,
    /// Paused trials that lost their worker before they reached their fidelity, or that stand at
    /// the highest one already.
    interrupted: BTreeSet<TrialId>,
    /// Whether the history lacks something that the storage has already handed out.
    behind: bool,
    lease: WorkerLease,
    /// Whether another worker was faster with a proposal, so that proposals are made in turns.
    contended: bool,
    /// Whether it is this worker's turn to propose.
    turn: bool,
}

impl Drop for Study {
    /// The trials of this worker that still run can be taken back at once.
    fn drop(&mut self) {
        let left = self.lease.release();
        if let Some(shared) = self.shared_storage()
            && !left.is_empty()
            && let Err(error) = shared.release_leases(&left)
        {
            let trials = left.len();
            warn!(trials, %error, "leases stay until their heartbeats are old");
        }
    }
}

impl Study {
    /// Starts a study over a space.
    pub fn builder(space: Space) -> StudyBuilder {
        StudyBuilder::new(space)
    }

    /// The search space.
    pub fn space(&self) -> &Space {
        &self.space
    }
    /// The trials so far.
    pub fn history(&self) -> &History {
        &self.history
    }
    /// The seed of every random decision.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// The fidelities, where there are some.
    pub fn ladder(&self) -> Option<&Ladder> {
        self.ladder.as_ref()
    }
    /// The flag that asks loops over this study to end cleanly.
    pub fn stop_flag(&self) -> &StopFlag {
        &self.stop
    }
    /// Whether this worker may go on with its trials, for its trainings.
    pub fn lease_watch(&self) -> LeaseWatch {
        self.lease.watch()
    }
    /// The storage, where there is one.
    pub fn storage(&mut self) -> Option<&mut dyn Storage> {
        self.storage.as_mut().map(|storage| &mut **storage as &mut dyn Storage)
    }
    /// The storage, where there is one that other processes may use too.
    pub fn shared_storage(&mut self) -> Option<&mut dyn SharedStorage> {
        self.storage.as_mut()?.shared()
    }

    /// From now on starts no new trial once there are this many (paused ones still resume).
    pub fn set_trial_limit(&mut self, limit: Option<u64>) {
        self.trial_limit = limit;
    }

    /// Prepares the next proposal ahead of time, between requests: after [`Study::tell`], a later
    /// [`Study::ask`] answers sooner, with the same proposal.
    pub fn prepare(&mut self) {
        if self.waiting.is_empty() {
            let (view, sampler) = self.view();
            sampler.prepare(&view);
        }
    }

    /// The study as its sampler sees it, and the sampler.
    fn view(&mut self) -> (View<'_>, &mut dyn Sampler) {
        let view = View {
            space: &self.space,
            history: &self.history,
            number: self.history.next_id(),
            seed: self.seed,
            planned_trials: self.planned_trials,
            ladder: self.ladder.as_ref(),
            target: None,
        };
        (view, &mut *self.sampler)
    }

    /// The next fidelity above `fidelity`, on the way to `target`, at which the scheduler wants a
    /// report; never one below the lowest of the ladder.
    pub fn next_milestone(
        &self,
        fidelity: impl Into<Fidelity>,
        target: impl Into<Fidelity>,
    ) -> Fidelity {
        let (fidelity, target) = (fidelity.into(), target.into());
        match &self.scheduler {
            Some(scheduler) => {
                let least = self.ladder.as_ref().map_or(Fidelity::ZERO, Ladder::min);
                let next = (fidelity + 1).max(least);
                scheduler.next_milestone(fidelity, target).clamp(next, target.max(next))
            }
            None => target,
        }
    }

    /// The paused trials that the scheduler will never resume: their checkpoints can be freed.
    pub fn unpromotable(&mut self) -> Vec<TrialId> {
        match &mut self.scheduler {
            Some(scheduler) => scheduler.unpromotable(&self.history),
            None => Vec::new(),
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
