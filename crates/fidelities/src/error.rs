//! Failures of the comparison of fidelities.

use automl_search::{FileError, SearchError};
use std::path::PathBuf;
use thiserror::Error;

/// Failure to compare fidelities.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FidelitiesError {
    /// Data, device or settings cannot be used, or a network cannot be trained.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The space holds too few networks within the caps.
    #[error("only {found} different networks within the caps were found, {wanted} are needed")]
    TooFew {
        /// The number found.
        found: usize,
        /// The number needed.
        wanted: usize,
    },
    /// Too few architectures were trained for a comparison of orders.
    #[error("{done} architectures were trained in the time given: at least {least} are needed")]
    Time {
        /// The number trained.
        done: usize,
        /// The number needed.
        least: usize,
    },
    /// The file is not one of measured trainings.
    #[error("{} holds no measured trainings: give another file", path.display())]
    Record {
        /// The file.
        path: PathBuf,
    },
    /// The file of measured trainings cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}
