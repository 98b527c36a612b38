//! Files that are written whole.

use std::path::{Path, PathBuf};
use thiserror::Error;
use tracing::{debug, warn};

/// Failure of an operation on a file or folder.
#[derive(Debug, Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// The operation: `create`, `read`, `write`, `lock` or `remove`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The cause.
    pub source: std::io::Error,
}

impl FileError {
    /// Conversion of a failure of `action` on `path`.
    pub fn of(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source }
    }
}

/// Writes a text file, which is complete or as it was before.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), FileError> {
    automl_train::write_atomic(path, text.as_bytes()).map_err(FileError::of("write", path))
}

/// Removes a file that nothing needs any more, if it exists. One that stays costs space and nothing
/// else, so a failure is an event of the log and no error.
pub(crate) fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => debug!(path = %path.display(), "removed"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => warn!(path = %path.display(), %error, "a file that is not needed stays"),
    }
}
