//! Why a source was refused.

use automl_storage::RecordError;
use thiserror::Error;

/// A refused source of a warm start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// There is neither a study, a folder nor a file of this name.
    #[error("warm start: there is no study {name:?} in {runs}, and no such folder or file")]
    Missing {
        /// The name given.
        name: String,
        /// The folder of the studies.
        runs: String,
    },
    /// The folder has no study.
    #[error("warm start: the folder {folder} has no study (no study.db in it or one level below)")]
    NoStudies {
        /// The folder.
        folder: String,
    },
    /// A folder cannot be listed.
    #[error("warm start: cannot read the folder {folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The record cannot be read.
    #[error("warm start: {0}")]
    Record(#[from] RecordError),
    /// The source has no parameter of the new space.
    #[error(
        "warm start: study {study:?} has none of the parameters of this space: {theirs} against {ours}"
    )]
    NoCommonParameter {
        /// The source.
        study: String,
        /// Its parameters.
        theirs: String,
        /// The parameters of the new space.
        ours: String,
    },
    /// The objectives do not fit.
    #[error("warm start: study {study:?} has {theirs}, and this study {ours}")]
    Objectives {
        /// The source.
        study: String,
        /// Its objectives.
        theirs: String,
        /// The objectives of the new study.
        ours: String,
    },
    /// The source has no trial with a result.
    #[error("warm start: study {study:?} has no trial with a result that fits this space")]
    NoResults {
        /// The source.
        study: String,
    },
    /// A renaming that is not of the form `old=new` or `parameter:old=new`, or names nothing.
    #[error("warm start: the renaming {text:?} {reason}")]
    Rename {
        /// The text.
        text: String,
        /// What is wrong.
        reason: String,
    },
}
