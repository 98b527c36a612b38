//! The trait of storages: where the record is kept.

mod shared;

pub use shared::{Expired, Heartbeat, SharedStorage};

use crate::{Direction, Report, State, Trial, TrialId};
use automl_space::Space;
use std::error::Error as StdError;
use std::fmt;
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

/// Keeps the record of one study.
///
/// The change of a call that returns `Ok` survives the death of this process (whether also a power
/// cut, each storage says itself); a call that fails has changed nothing. A finished trial never
/// changes.
///
/// These methods are all that a study of one process needs. A storage on which several handles may
/// work at once, in one process or in many, is a [`SharedStorage`] as well and says so in
/// [`Storage::shared`]. On any other one a study takes itself to be alone: it never looks for changes
/// of others, keeps no heartbeats, and [`Study::recover`](crate::Study::recover) takes every running
/// trial back.
pub trait Storage: Send + fmt::Debug {
    /// Creates the study, or opens it if it exists, and returns its trials in order.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] if the study exists with other directions or with other parameters in
    /// its space.
    fn attach(&mut self, space: &Space, directions: &[Direction])
    -> Result<Vec<Trial>, StoreError>;

    /// Adds a trial (its own number is not read) and returns the number that it got.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError>;

    /// Adds a report to an unfinished trial.
    ///
    /// # Errors
    /// An unknown or finished trial, one that is another worker's ([`SharedStorage::identify`]), or a
    /// storage that cannot be written.
    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError>;

    /// Moves an unfinished trial from one state to another together with the values, constraints,
    /// attributes and times of `trial`. Returns whether it was in the first state: of several
    /// workers that try the same, exactly one succeeds. A trial that becomes running is left alone, too,
    /// if it has more reports than `trial`: its worker would go on from where it is no longer.
    ///
    /// # Errors
    /// An unknown or finished trial, a running one that is another worker's
    /// ([`SharedStorage::identify`]), or a storage that cannot be written.
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

    /// This storage as one that several handles share. The default is `None`, a storage of one
    /// process.
    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        None
    }
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        (**self).attach(space, to)
    }
    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        (**self).create(trial)
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
    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        (**self).shared()
    }
}
