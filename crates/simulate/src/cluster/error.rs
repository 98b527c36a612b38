//! Errors of a simulation.

use automl_study::{AskError, TellError};
use thiserror::Error;

/// Why a simulation ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The study could not hand out a job.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The study refused a result.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// A number is out of range.
    #[error("{what} must lie in {range}, not {found}")]
    Setting {
        /// Which number.
        what: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What was given.
        found: f64,
    },
    /// Nothing runs and nothing can start.
    #[error("the scheduler waits although nothing is running, after {jobs} jobs")]
    Stuck {
        /// The jobs that were handed out.
        jobs: u64,
    },
}
