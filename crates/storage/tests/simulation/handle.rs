//! A handle of a simulated worker: each call passes the gate, and may be its last.

use super::Open;
use super::faulty::{Fault, Faulty};
use super::gate::{Fate, Gate};
use super::ledger::Ledger;
use automl_space::Space;
use automl_study::{
    Direction, Expired, Heartbeat, Report, SharedStorage, State, Storage, StoreError, Trial,
    TrialId,
};
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The handle of one life of a worker.
pub(crate) struct Handle {
    worker: usize,
    life: u64,
    inner: Faulty,
    gate: Arc<Gate>,
    ledger: Arc<Mutex<Ledger>>,
    fault: Option<Fault>,
    is_dead: bool,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("worker", &self.worker).finish_non_exhaustive()
    }
}

fn dead() -> StoreError {
    StoreError::Unavailable {
        action: "reach",
        place: "the simulation".into(),
        source: "dead".into(),
    }
}

impl Handle {
    pub(crate) fn new(
        worker: usize,
        open: Open<'_>,
        gate: Arc<Gate>,
        ledger: Arc<Mutex<Ledger>>,
        fault: Option<Fault>,
    ) -> Self {
        let life = ledger.lock().unwrap().lives[worker];
        let inner = Faulty::new(open, fault);
        Self { worker, life, inner, gate, ledger, fault, is_dead: false }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// One call.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.is_dead {
            return Err(dead());
        }
        let fate = self.gate.pass(self.worker);
        if fate == Fate::CrashBefore {
            self.is_dead = true;
            return Err(dead());
        }
        let done = call(self);
        self.ledger().observe();
        if fate == Fate::CrashAfter {
            self.is_dead = true;
            return Err(dead());
        }
        done
    }

    fn claimed(&self, number: TrialId) {
        let beats = self.fault != Some(Fault::NoHeartbeat);
        self.ledger().claims(self.worker, number, beats);
    }

    fn claim(&self, number: TrialId, done: Result<bool, StoreError>) -> Result<bool, StoreError> {
        if matches!(done, Ok(true)) {
            self.claimed(number);
        }
        done
    }
}

impl Storage for Handle {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        self.call(|own| own.inner.attach(space, to))
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        self.call(|own| own.inner.create(trial))
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        self.call(|own| {
            own.inner.report(number, report)?;
            own.ledger().acknowledge(own.worker, number, "a report");
            Ok(())
        })
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        self.call(|own| {
            if trial.state == State::Running && from != State::Running {
                let done = own.inner.transition(from, trial);
                return own.claim(trial.number, done);
            }
            let ends = from == State::Running && trial.state != State::Running;
            let done = own.inner.transition(from, trial)?;
            if done && ends {
                own.ledger().acknowledge(own.worker, trial.number, "an end");
                own.ledger().owners.remove(&trial.number);
            }
            Ok(done)
        })
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.call(|own| own.inner.attribute(key))
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.call(|own| own.inner.set_attribute(key, value))
    }

    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl SharedStorage for Handle {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        self.call(|own| own.inner.begin(directions))
    }

    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        self.call(|own| own.inner.trials_from(number))
    }

    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.call(|own| {
            let done = own.inner.create_next(trial);
            own.claim(trial.number, done)
        })
    }

    fn attribute_or_insert(&mut self, key: &str, value: &Value) -> Result<Value, StoreError> {
        self.call(|own| own.inner.attribute_or_insert(key, value))
    }

    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        self.call(|own| own.inner.refresh())
    }

    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.call(|own| {
            let done = own.inner.resume(trial);
            own.claim(trial.number, done)
        })
    }

    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.inner.identify(worker, heartbeats);
    }

    /// The ledger keeps the heartbeats.
    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        None
    }

    fn expired(&mut self, _: Expired) -> Result<Vec<TrialId>, StoreError> {
        self.call(|own| {
            let mut expired = own.inner.expired(Expired::All)?;
            let ledger = own.ledger();
            expired.retain(|number| ledger.is_expired(*number));
            Ok(expired)
        })
    }

    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        self.call(|own| own.inner.busy(lease))
    }

    fn reclaim(&mut self, _: Expired, trial: &Trial) -> Result<bool, StoreError> {
        self.call(|own| {
            if !own.ledger().is_expired(trial.number) {
                return Ok(false);
            }
            let done = own.inner.reclaim(Expired::All, trial)?;
            if done {
                own.ledger().owners.remove(&trial.number);
            }
            Ok(done)
        })
    }

    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        self.call(|own| {
            own.ledger().leaves((own.worker, own.life));
            own.inner.release_leases(trials)
        })
    }
}
