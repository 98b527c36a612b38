//! Errors of reports.

use automl_storage::RecordError;
use std::path::PathBuf;
use thiserror::Error;

/// Why a report cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Nothing of this name.
    #[error(
        "{name:?} is neither a file, nor an address of a database, nor a study in {}", runs.display()
    )]
    NotFound {
        /// The name as given.
        name: String,
        /// The folder of studies.
        runs: PathBuf,
    },
    /// A folder without a record.
    #[error("{} has no study.db", path.display())]
    NoRecord {
        /// The folder.
        path: PathBuf,
    },
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}
