//! Errors of reading data sets.

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Images that cannot be read. Every variant names the file or folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// No data set has this name.
    #[error("unknown data set {name:?}: one of {known}")]
    Unknown {
        /// The given name.
        name: String,
        /// The names of all formats.
        known: String,
    },
    /// A data set of files, without the folder of its files.
    #[error("the data set {name:?} needs the folder of its files: --data-dir FOLDER")]
    NoFolder {
        /// The data set.
        name: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file is missing where its data set should be.
    #[error("{} holds no {what}", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
        /// The missing files.
        what: String,
    },
    /// Files that cannot be read, where every file must be.
    #[error("{}: {faults}; mend or remove them, or go on without --strict", path.display())]
    Strict {
        /// The folder.
        path: PathBuf,
        /// The files by kind.
        faults: String,
    },
    /// Reading was ended on request.
    #[error("the images were not read to the end")]
    Stopped,
    /// The content of a file does not agree with its format.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

impl DatasetError {
    pub(crate) fn content(path: &Path, reason: impl Into<String>) -> Self {
        Self::Content { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }
}
