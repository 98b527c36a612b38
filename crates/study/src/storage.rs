//! The trait of storages: where the record is kept.

use crate::{Direction, Report, State, Trial, TrialId};
use automl_space::Space;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// Why a storage could not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The storage cannot be read or written.
    #[error("cannot {action} {place}: {source}")]
    Unavailable {
        /// What was tried.
        action: &'static str,
        /// The file or address.
        place: String,
        /// Why it failed.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What is stored does not fit what is asked.
    #[error("study {study:?} in {place}: {reason}")]
    Mismatch {
        /// The study.
        study: String,
        /// The file or address.
        place: String,
        /// What differs.
        reason: String,
    },
    /// There is no such trial.
    #[error("the storage has no trial {number}")]
    Unknown {
        /// The number.
        number: TrialId,
    },
    /// The trial has finished, so its record can no longer change.
    #[error("trial {number} has already finished in the storage")]
    Finished {
        /// The number.
        number: TrialId,
    },
    /// The trial is another worker's, or nobody's.
    #[error("trial {number} is no longer this worker's")]
    Taken {
        /// The number.
        number: TrialId,
    },
}

/// Which running trials count as lost by their workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// All of them: no other process works on the study.
    All,
    /// Those with a last heartbeat older than this.
    Stale(Duration),
    /// Those too, and those of a worker that has left without an end ([`Storage::release_leases`]).
    Released(Duration),
}

/// Keeps the heartbeats of one worker's trials, on a connection of its own.
pub trait Heartbeat: Send {
    /// Says of those of these trials that are still the worker's that they are alive.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn beat(&mut self, trials: &[TrialId]) -> Result<(), StoreError>;
}

/// Keeps the record of one study.
///
/// The change of a call that returns `Ok` survives the death of this process (whether also a power
/// cut, each storage says itself); a call that fails has changed nothing. A finished trial never
/// changes.
///
/// Several handles, in one process or in many, may work on one study. The methods that serve this
/// have defaults for a storage that one process uses: it sees everything as changed, and knows no
/// heartbeats.
pub trait Storage: Send + fmt::Debug {
    /// Creates the study, or opens it if it exists, and returns its trials in order.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] if the study exists with other directions or with other parameters in
    /// its space.
    fn attach(&mut self, space: &Space, directions: &[Direction])
    -> Result<Vec<Trial>, StoreError>;

    /// Trials from this number on, as they are now (to see what other workers did).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError>;

    /// Adds a trial (its own number is not read) and returns the number that it got.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError>;

    /// Adds a trial under its own number if that is the next one, and otherwise nothing. Returns
    /// whether it did: of several workers that try the same number, exactly one succeeds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError>;

    /// Adds a report to an unfinished trial.
    ///
    /// # Errors
    /// An unknown or finished trial, one that is another worker's ([`Storage::identify`]), or a
    /// storage that cannot be written.
    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError>;

    /// Moves an unfinished trial from one state to another together with the values, constraints,
    /// attributes and times of `trial`. Returns whether it was in the first state: of several
    /// workers that try the same, exactly one succeeds.
    ///
    /// # Errors
    /// An unknown or finished trial, a running one that is another worker's
    /// ([`Storage::identify`]), or a storage that cannot be written.
    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError>;

    /// An attribute of the study.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn attribute(&mut self, key: &str) -> Result<Option<serde_json::Value>, StoreError>;

    /// Sets an attribute of the study.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn set_attribute(&mut self, key: &str, value: &serde_json::Value) -> Result<(), StoreError>;

    /// Sets an attribute of the study unless it has one, and returns what it has then: of several
    /// workers that try the same, all get the value of the first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn attribute_or_insert(
        &mut self,
        key: &str,
        value: &serde_json::Value,
    ) -> Result<serde_json::Value, StoreError> {
        if let Some(known) = self.attribute(key)? {
            return Ok(known);
        }
        self.set_attribute(key, value)?;
        Ok(self.attribute(key)?.unwrap_or_else(|| value.clone()))
    }

    /// Creates the study without a space, or opens it if it exists, so that it has attributes: for
    /// those on which the space depends. [`Storage::attach`] is still to be called. Returns whether
    /// it has trials.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] if the study exists with other directions.
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        let _ = directions;
        Ok(!self.trials_from(TrialId(0))?.is_empty())
    }

    /// What other handles may have changed since this was last called or the study was attached:
    /// trials in order of their numbers, as they are now, perhaps with some that are as before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        self.trials_from(TrialId(0))
    }

    /// Makes a paused trial running, as [`Storage::transition`], but only if no paused trial has
    /// gone on or ended since the last [`Storage::refresh`]: what a scheduler promotes depends on
    /// what was promoted before.
    ///
    /// # Errors
    /// As [`Storage::transition`].
    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.transition(State::Paused, trial)
    }

    /// From now on this handle works for the worker of this name. What it makes running is the
    /// worker's, with a heartbeat if there are `heartbeats`; what runs with the heartbeat of another
    /// worker it cannot change.
    fn identify(&mut self, worker: &str, heartbeats: bool) {
        let _ = (worker, heartbeats);
    }

    /// The handle that keeps the heartbeats of this worker's trials, where there are some.
    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        None
    }

    /// The running trials that are lost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        if matches!(which, Expired::Stale(_)) {
            return Ok(Vec::new());
        }
        let running = |trial: &Trial| trial.state == State::Running;
        let trials = self.trials_from(TrialId(0))?;
        Ok(trials.into_iter().filter(running).map(|trial| trial.number).collect())
    }

    /// As [`Storage::transition`] from running, of a trial that another worker has lost. Returns
    /// whether it was running and lost: of several workers that try the same, exactly one succeeds.
    ///
    /// # Errors
    /// An unknown or finished trial, or a storage that cannot be written.
    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        let _ = which;
        self.transition(State::Running, trial)
    }

    /// Ends the heartbeats of these trials of the worker: the next process may reclaim them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        let _ = trials;
        Ok(())
    }
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        (**self).attach(space, to)
    }
    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        (**self).trials_from(number)
    }
    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        (**self).create(trial)
    }
    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        (**self).create_next(trial)
    }
    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        (**self).report(number, report)
    }
    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        (**self).transition(from, trial)
    }
    fn attribute(&mut self, key: &str) -> Result<Option<serde_json::Value>, StoreError> {
        (**self).attribute(key)
    }
    fn set_attribute(&mut self, key: &str, value: &serde_json::Value) -> Result<(), StoreError> {
        (**self).set_attribute(key, value)
    }
    fn attribute_or_insert(
        &mut self,
        key: &str,
        value: &serde_json::Value,
    ) -> Result<serde_json::Value, StoreError> {
        (**self).attribute_or_insert(key, value)
    }
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        (**self).begin(directions)
    }
    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        (**self).refresh()
    }
    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        (**self).resume(trial)
    }
    fn identify(&mut self, worker: &str, heartbeats: bool) {
        (**self).identify(worker, heartbeats);
    }
    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        (**self).heartbeat()
    }
    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        (**self).expired(which)
    }
    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        (**self).reclaim(which, trial)
    }
    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        (**self).release_leases(trials)
    }
}
