//! Why a study could not do what was asked.

use crate::{HistoryError, ProposeError, State, StoreError, TrialId};
use automl_space::ConfigError;
use thiserror::Error;

/// Why what other processes wrote could not be taken in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record is inconsistent.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// Why no trial could be handed out. The study stays as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// The sampler has no proposal.
    #[error(transparent)]
    Propose(#[from] ProposeError),
    /// What the sampler proposed, or was given in its place, is not what the space holds.
    #[error("the configuration lies outside the space: {0}")]
    Outside(#[from] ConfigError),
    /// The sampler proposed what the constraints forbid: they leave nothing, or too little to be
    /// found.
    #[error(
        "no configuration that the constraints allow was found for trial {number}: \
         the one proposed violates them by {violation}"
    )]
    Forbidden {
        /// The trial's number.
        number: TrialId,
        /// The sum of the violations, see [`Space::violation`](automl_space::Space::violation).
        violation: f64,
    },
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scheduler named a trial that cannot be resumed, or the record is inconsistent.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl From<RefreshError> for AskError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::History(error) => error.into(),
        }
    }
}

/// Why a result was refused. The study stays as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TellError {
    /// The trial is unknown or finished, or the values do not fit.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A result of a trial that is not running.
    #[error("trial {number} is {state:?}, not running")]
    NotRunning {
        /// The number.
        number: TrialId,
        /// Its state.
        state: State,
    },
    /// The worker was silent for so long that the trial was given to another.
    #[error(
        "trial {number} was taken back from this worker, which was taken for dead; \
         its result is refused"
    )]
    LeaseLost {
        /// The number.
        number: TrialId,
    },
    /// The storage failed.
    #[error(transparent)]
    Store(StoreError),
}

impl TellError {
    /// Whether the trial is no longer this worker's: it was taken for dead, and another has gone on
    /// with the trial or even ended it. The worker drops the result and asks for the next job.
    pub fn is_lease_lost(&self) -> bool {
        matches!(
            self,
            Self::LeaseLost { .. }
                | Self::NotRunning { .. }
                | Self::History(HistoryError::Finished { .. })
                | Self::Store(StoreError::Finished { .. })
        )
    }
}

impl From<StoreError> for TellError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { number } => Self::LeaseLost { number },
            error => Self::Store(error),
        }
    }
}

impl From<RefreshError> for TellError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::History(error) => error.into(),
        }
    }
}
