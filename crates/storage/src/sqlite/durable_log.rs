//! The write-ahead log on the disk.
//!
//! With `synchronous = FULL` SQLite waits for the disk while it holds the lock of all writers, so that a
//! second has as many ends of trials as the disk has writes. Here a transaction commits without waiting,
//! and then its process brings the log to the disk, when others can commit already: one write of the
//! disk carries the commits of many. A checkpoint keeps the order, since with `synchronous = NORMAL` it
//! brings the log to the disk before it touches the database.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The write-ahead log of a database.
#[derive(Debug)]
pub(super) struct DurableLog {
    path: PathBuf,
    /// Whether ends wait for the disk.
    pub(super) is_used: bool,
    /// Whether the folder has the name of the log on the disk.
    has_name: bool,
}

impl DurableLog {
    pub(super) fn new(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        Self { path: PathBuf::from(name), is_used: true, has_name: false }
    }

    /// Returns once everything that was committed is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if !self.is_used {
            return Ok(());
        }
        // SQLite's locks lie on other files, so closing this one releases none.
        File::open(&self.path)?.sync_data()?;
        if !self.has_name {
            let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            sync_folder(parent.unwrap_or(Path::new(".")))?;
            self.has_name = true;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
