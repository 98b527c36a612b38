//! Errors of a study over a program.

use crate::command::CommandError;
use crate::metrics::PatternError;
use crate::template::TemplateError;
use automl_registry::PartError;
use automl_storage::OpenError;
use automl_study::{AskError, BuildError, LadderError, StoreError, TellError};
use automl_transfer::TransferError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// An error that ends a run. Recorded trials stay, and running ones go on with the next run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TuneError {
    /// The command is not understood or cannot be run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A regular expression for the results was refused.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The name of the result file is not understood.
    #[error("the result file: {0}")]
    ResultFile(#[from] TemplateError),
    /// A setting has a value that it cannot have.
    #[error("{name}: {reason}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// The explanation.
        reason: String,
    },
    /// Sampler or scheduler were refused.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The fidelities were refused.
    #[error(transparent)]
    Ladder(#[from] LadderError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The storage failed, or holds another study of this name.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An earlier study cannot be learned from.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The study cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// No trial could be handed out.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// A result could not be recorded.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// The study began with another command, objective, constraint or fidelity.
    #[error("the study {study:?} began with {what} {before}, not {now}: give it another name")]
    Differs {
        /// The study.
        study: String,
        /// The thing that differs.
        what: &'static str,
        /// Its value in the record.
        before: String,
        /// Its value now.
        now: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Trial after trial failed, without any success.
    #[error("the first {count} trials failed; the last one (trial {trial}): {reason}")]
    AllFailed {
        /// The number of trials.
        count: u64,
        /// The last one.
        trial: u64,
        /// Its reason.
        reason: String,
    },
}

impl TuneError {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
