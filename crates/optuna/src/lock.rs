//! The lock of a journal.

use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The time after which a lock that is not renewed counts as left behind, as in Optuna.
const GRACE: Duration = Duration::from_secs(30);

/// The longest pause between two attempts to take the lock.
const LONGEST: Duration = Duration::from_millis(50);

/// Optuna's lock of a journal: a symbolic link `PATH.lock` to the file, which only one process can
/// create, also over NFS.
///
/// A process that is killed leaves the link behind, and Optuna waits 30 s for it. The processes of this
/// program on one machine know better: each holds a lock of the operating system on `PATH.holder`,
/// which ends with the process, and notes there which link is its own. A process that has that lock
/// and finds the noted link still there knows that the owner of the link is dead.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Open, hence locked, as long as the lock is held.
    _holder: Option<File>,
}

impl Lock {
    /// Waits for the lock of a file.
    ///
    /// # Errors
    /// The link cannot be made for another reason than that it exists.
    pub fn take(file: &Path) -> io::Result<Self> {
        let path = beside(file, ".lock");
        let mut holder = holder(file);
        if let Some(holder) = &mut holder
            && let Ok(link) = fs::symlink_metadata(&path)
            && noted(holder).is_some_and(|note| Some(note) == identity(&link))
        {
            tracing::debug!("{} was left behind by a process that died", path.display());
            release(&path);
        }
        let mut pause = Duration::from_millis(1);
        // When the lock that is in the way was last seen to be renewed.
        let mut seen: Option<(SystemTime, Instant)> = None;
        loop {
            match create(file, &path) {
                Ok(()) => break,
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Err(_) => {}
            }
            // Of the file behind the link, which its holder writes.
            let renewed = fs::metadata(&path).and_then(|file| file.modified());
            let Ok(renewed) = renewed.or_else(|_| fs::symlink_metadata(&path)?.modified()) else {
                continue;
            };
            match seen {
                Some((before, since)) if before == renewed => {
                    if since.elapsed() > GRACE {
                        tracing::warn!("{} was left behind and is taken", path.display());
                        release(&path);
                        seen = None;
                    }
                }
                _ => seen = Some((renewed, Instant::now())),
            }
            std::thread::sleep(pause);
            pause = (2 * pause).min(LONGEST);
        }
        if let Some(holder) = &mut holder
            && let Some(note) = fs::symlink_metadata(&path).ok().as_ref().and_then(identity)
        {
            // Without a note the link is waited for, as any other.
            let _ = note_down(holder, &note);
        }
        Ok(Self { path, _holder: holder })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        release(&self.path);
    }
}

/// A path with something added to the name.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The locked file beside a journal; `None` where the file system has no such locks.
fn holder(file: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    let holder = options.create(true).truncate(false).read(true).write(true);
    let holder = holder.open(beside(file, ".holder")).ok()?;
    holder.lock().ok().map(|()| holder)
}

/// What is noted in a holder file.
fn noted(holder: &mut File) -> Option<String> {
    let mut text = String::new();
    holder.seek(SeekFrom::Start(0)).ok()?;
    holder.read_to_string(&mut text).ok()?;
    (!text.is_empty()).then_some(text)
}

fn note_down(holder: &mut File, note: &str) -> io::Result<()> {
    holder.seek(SeekFrom::Start(0))?;
    holder.write_all(note.as_bytes())?;
    holder.set_len(note.len() as u64)
}

/// What tells a link from every other one: the running system that made it, and its place and time.
#[cfg(target_os = "linux")]
fn identity(link: &Metadata) -> Option<String> {
    use std::os::linux::fs::MetadataExt;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let (inode, seconds, nanos) = (link.st_ino(), link.st_ctime(), link.st_ctime_nsec());
    Some(format!("{} {inode} {seconds} {nanos}", boot.trim()))
}

#[cfg(not(target_os = "linux"))]
fn identity(_: &Metadata) -> Option<String> {
    None
}

/// Removes a lock under another name, so that of several that do it one succeeds.
fn release(path: &Path) {
    let random = RandomState::new().hash_one(Instant::now());
    let renamed = beside(path, &format!("{random:016x}{:08x}.rename", std::process::id()));
    if fs::rename(path, &renamed).is_ok() {
        let _ = fs::remove_file(renamed);
    }
}

#[cfg(unix)]
fn create(file: &Path, lock: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(std::path::absolute(file)?, lock)
}

/// As Optuna's `JournalFileOpenLock`.
#[cfg(not(unix))]
fn create(_: &Path, lock: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(lock).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a process that is killed: the system's lock ends, the link stays.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_lock_of_a_dead_process_is_taken_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "").unwrap();
        let mut lock = Lock::take(&path).unwrap();
        lock._holder = None;
        std::mem::forget(lock);
        assert!(beside(&path, ".lock").symlink_metadata().is_ok());
        let start = Instant::now();
        drop(Lock::take(&path).unwrap());
        assert!(start.elapsed() < GRACE);
        assert!(beside(&path, ".lock").symlink_metadata().is_err());
    }

    /// A link of another program is no one's that is known to be dead.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_lock_of_another_program_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "").unwrap();
        drop(Lock::take(&path).unwrap());
        create(&path, &beside(&path, ".lock")).unwrap();
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| Lock::take(&path).map(drop));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!taken.is_finished());
            release(&beside(&path, ".lock"));
            taken.join().unwrap().unwrap();
        });
    }
}
