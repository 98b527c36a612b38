//! A storage with a planted fault, to see that the checks find it.

use automl_space::Space;
use automl_study::{
    Direction, Expired, Heartbeat, Report, SharedStorage, State, Storage, StoreError, Trial,
    TrialId,
};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// A fault that is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The storage is not asked for the owner of a trial.
    NoOwnership,
    /// A claim counts although another was faster.
    ClaimWithoutLock,
    /// No heartbeat follows the claim.
    NoHeartbeat,
    /// Results are acknowledged, and written with the next call.
    ReportBeforeCommit,
    /// The checkpoint of a paused trial is freed; the workers do that.
    CheckpointFreedEarly,
}

impl Fault {
    pub(crate) const ALL: [Self; 5] = [
        Self::NoOwnership,
        Self::ClaimWithoutLock,
        Self::NoHeartbeat,
        Self::ReportBeforeCommit,
        Self::CheckpointFreedEarly,
    ];
}

/// A result that is acknowledged and not written.
enum Pending {
    Report(TrialId, Report),
    End(State, Trial),
}

/// A storage with a fault, or none.
pub(crate) struct Faulty {
    inner: Box<dyn SharedStorage>,
    /// A handle without a worker, for the fault without ownership.
    nameless: Option<Box<dyn SharedStorage>>,
    fault: Option<Fault>,
    pending: Vec<Pending>,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").field("fault", &self.fault).finish_non_exhaustive()
    }
}

impl Faulty {
    pub(crate) fn new(open: impl Fn() -> Box<dyn SharedStorage>, fault: Option<Fault>) -> Self {
        let nameless = (fault == Some(Fault::NoOwnership)).then(&open);
        Self { inner: open(), nameless, fault, pending: Vec::new() }
    }

    /// Writes what was acknowledged before.
    fn inner(&mut self) -> &mut dyn SharedStorage {
        for pending in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Report(number, report) => drop(self.inner.report(number, &report)),
                Pending::End(from, trial) => drop(self.inner.transition(from, &trial)),
            }
        }
        &mut *self.inner
    }

    /// The handle that changes running trials.
    fn writer(&mut self) -> &mut dyn SharedStorage {
        if self.nameless.is_none() {
            return self.inner();
        }
        self.nameless.as_deref_mut().unwrap()
    }

    /// The result of a claim.
    fn claim(&self, done: Result<bool, StoreError>) -> Result<bool, StoreError> {
        if self.fault == Some(Fault::ClaimWithoutLock) { done.map(|_| true) } else { done }
    }
}

impl Storage for Faulty {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        if let Some(nameless) = &mut self.nameless {
            nameless.attach(space, to)?;
        }
        self.inner().attach(space, to)
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        self.inner().create(trial)
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        if self.fault == Some(Fault::ReportBeforeCommit) {
            self.inner();
            self.pending.push(Pending::Report(number, report.clone()));
            return Ok(());
        }
        self.writer().report(number, report)
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        if from != State::Running {
            let done = self.inner().transition(from, trial);
            return if trial.state == State::Running { self.claim(done) } else { done };
        }
        if trial.state != State::Running && self.fault == Some(Fault::ReportBeforeCommit) {
            self.inner();
            self.pending.push(Pending::End(from, trial.clone()));
            return Ok(true);
        }
        self.writer().transition(from, trial)
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.inner().attribute(key)
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.inner().set_attribute(key, value)
    }

    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl SharedStorage for Faulty {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        self.inner().begin(directions)
    }

    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        self.inner().trials_from(number)
    }

    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let done = self.inner().create_next(trial);
        self.claim(done)
    }

    fn begin_turn(&mut self) -> Result<bool, StoreError> {
        self.inner().begin_turn()
    }

    fn end_turn(&mut self) -> Result<(), StoreError> {
        self.inner().end_turn()
    }

    fn attribute_or_insert(&mut self, key: &str, value: &Value) -> Result<Value, StoreError> {
        self.inner().attribute_or_insert(key, value)
    }

    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        self.inner().refresh()
    }

    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let done = self.inner().resume(trial);
        self.claim(done)
    }

    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.inner.identify(worker, heartbeats);
    }

    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        if self.fault == Some(Fault::NoHeartbeat) { None } else { self.inner.heartbeat() }
    }

    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        self.inner().expired(which)
    }

    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        self.inner().busy(lease)
    }

    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        self.inner().reclaim(which, trial)
    }

    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        self.inner().release_leases(trials)
    }
}
