//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file atomically: under a temporary name of its own, made durable, then renamed.
///
/// After a failure, such as a full disk, or a crash the file holds either its former content or the
/// new one.
///
/// # Errors
/// Errors of the file system.
///
/// # Examples
/// ```
/// let path = std::env::temp_dir().join(format!("automl-deploy-{}", std::process::id()));
/// automl_deploy::write_atomic(&path, b"loss 0.12")?;
/// assert_eq!(std::fs::read(&path)?, b"loss 0.12");
/// std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}.part", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed)));
    let part = PathBuf::from(name);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().inspect_err(|_| {
        // The error matters more than the removal of an unfinished file.
        if let Err(error) = fs::remove_file(&part)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %part.display(), %error, "an unfinished file stays");
        }
    })
}
