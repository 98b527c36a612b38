//! Why fidelities could not be compared.

use crate::engine::SearchError;
use std::path::PathBuf;
use thiserror::Error;

/// Why fidelities could not be compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FidelitiesError {
    /// Data, device or settings do not do, or a network cannot be trained.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The space holds too few networks within the caps.
    #[error("only {found} different networks within the caps were found, {wanted} are needed")]
    TooFew {
        /// How many were found.
        found: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// Too few architectures were trained for an order to mean anything.
    #[error("{done} architectures were trained in the time given: at least {least} are needed")]
    Time {
        /// How many were trained.
        done: usize,
        /// How many are needed.
        least: usize,
    },
    /// The file of measured trainings holds something else.
    #[error("{} holds no measured trainings: give another file", path.display())]
    Record {
        /// The file.
        path: PathBuf,
    },
    /// Someone asked to stop.
    #[error("interrupted")]
    Stopped,
}
