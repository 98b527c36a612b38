//! The trait of storages: where the record is kept.

use crate::{Direction, Report, State, Trial};
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
        number: u64,
    },
    /// The trial has finished, so its record can no longer change.
    #[error("trial {number} has already finished in the storage")]
    Finished {
        /// The number.
        number: u64,
    },
}

/// Keeps the record of one study.
///
/// Every call that returns `Ok` has made its change durable; a call that fails has changed
/// nothing. A finished trial never changes.
pub trait Storage: Send + fmt::Debug {
    /// Creates the study, or opens it if it exists, and returns its trials in order.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] if the study exists with other directions or with a space whose
    /// parameters differ.
    fn attach(&mut self, space: &Space, directions: &[Direction])
    -> Result<Vec<Trial>, StoreError>;

    /// Trials from this number on, as they are now (to see what other workers did).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn trials_from(&mut self, number: u64) -> Result<Vec<Trial>, StoreError>;

    /// Adds a trial (its own number is not read) and returns the number that it got.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn create(&mut self, trial: &Trial) -> Result<u64, StoreError>;

    /// Adds a report to an unfinished trial.
    ///
    /// # Errors
    /// An unknown or finished trial, or a storage that cannot be written.
    fn report(&mut self, number: u64, report: &Report) -> Result<(), StoreError>;

    /// Moves an unfinished trial from one state to another together with the values, constraints,
    /// attributes and times of `trial`. Returns whether it was in the first state: of several
    /// workers that try the same, exactly one succeeds.
    ///
    /// # Errors
    /// An unknown or finished trial, or a storage that cannot be written.
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
}
