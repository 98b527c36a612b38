//! Refused settings.

use std::path::PathBuf;
use thiserror::Error;

/// A refused setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file, or an assignment on the command line, is not valid.
    #[error("{place}: {reason}")]
    Parse {
        /// The file or the assignment.
        place: String,
        /// The reason.
        reason: String,
    },
    /// A value is out of range, or conflicts with another setting.
    #[error("{name} = {value}: {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The reason.
        reason: String,
    },
}
