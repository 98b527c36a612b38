//! Errors of records.

use crate::lower::LowerError;
use crate::onnx::ImportError;
use crate::weights::WeightsError;
use automl_arch::NetworkSpecError;
use std::path::PathBuf;
use thiserror::Error;

/// A trained network that cannot be read or written. Every variant names the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// There is no network, or it cannot be built.
    #[error(transparent)]
    Spec(#[from] NetworkSpecError),
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The weights do not fit the network.
    #[error("{}: {source}", path.display())]
    Fit {
        /// The folder or file.
        path: PathBuf,
        /// The reason.
        source: LowerError,
    },
    /// The record was written by a later version.
    #[error("{} has format {found}; this version reads formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The latest known format.
        known: u64,
    },
    /// The record contradicts itself or is not valid.
    #[error("{}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An ONNX model cannot be read.
    #[error("{}: {source}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ImportError,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}
