//! The folder of a study: its name, its lock, its files.

use super::SearchError;
use automl_study::StopFlag;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of one study. Processes that work on one study at once may share it: each holds a
/// lock until it ends, however it ends, so that one which begins knows whether it is alone there.
/// A folder that was made here goes with it, unless the study began ([`StudyFolder::keep`]) or
/// something is recorded in it.
#[derive(Debug)]
pub(super) struct StudyFolder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Made here, for a study that has not begun.
    pub(super) fresh: bool,
    /// Whether something is recorded in it that took its time.
    pub(super) filled: bool,
    /// Whether no other process worked on the study in this folder when this one came.
    pub(super) alone: bool,
    /// Held alone until the study has begun, then shared.
    lock: File,
}

impl StudyFolder {
    /// Creates or opens `runs/<name>`. Without a name takes the first of `<dataset>-1`,
    /// `<dataset>-2`, ... that does not exist yet. While another process begins the study there, or
    /// ends it, this one waits, and says so by `waits`.
    pub(super) fn open(
        runs: &Path,
        name: Option<&str>,
        dataset: &str,
        stop: &StopFlag,
        waits: &dyn Fn(),
    ) -> Result<Self, SearchError> {
        let file = |path: &Path, source| SearchError::File {
            action: "create",
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(runs).map_err(|e| file(runs, e))?;
        let mut fresh = true;
        let (name, path) = match name {
            Some(name) => {
                let path = runs.join(name);
                match fs::create_dir(&path) {
                    Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => fresh = false,
                    made => made.map_err(|e| file(&path, e))?,
                }
                (name.to_owned(), path)
            }
            None => {
                let mut number = 1;
                loop {
                    let name = format!("{dataset}-{number}");
                    let path = runs.join(&name);
                    match fs::create_dir(&path) {
                        Ok(()) => break (name, path),
                        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                        Err(e) => return Err(file(&path, e)),
                    }
                }
            }
        };
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(|e| file(&lock_path, e))?;
        let mut taken = lock.try_lock();
        let alone = taken.is_ok();
        // Others may have begun in it what is not this process's to take away.
        fresh &= alone;
        if !alone {
            taken = lock.try_lock_shared();
            if matches!(taken, Err(TryLockError::WouldBlock)) {
                waits();
            }
        }
        while let Err(error) = taken {
            match error {
                TryLockError::WouldBlock if stop.is_set() => return Err(SearchError::Stopped),
                TryLockError::WouldBlock => std::thread::sleep(Duration::from_millis(100)),
                TryLockError::Error(e) => return Err(file(&lock_path, e)),
            }
            taken = lock.try_lock_shared();
        }
        if !lock_path.exists() {
            // Whoever held it has taken the folder away.
            return Self::open(runs, Some(&name), dataset, stop, waits);
        }
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(|e| file(&checkpoints, e))?;
        if alone {
            [&path, &checkpoints].into_iter().for_each(|folder| remove_parts(folder));
        }
        Ok(Self { name, path, fresh, filled: false, alone, lock })
    }

    /// The study has begun: the folder stays, and others may join.
    pub(super) fn keep(&mut self) -> Result<(), SearchError> {
        self.fresh = false;
        if self.alone {
            self.relock(File::lock_shared)?;
        }
        Ok(())
    }

    /// Leaves the folder to the others that work in it; whether there are none, so that it is this
    /// process's alone. Of several that end at once, exactly one is the last.
    pub(super) fn is_last(&self) -> Result<bool, SearchError> {
        self.relock(|lock| match lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(e),
        })
    }

    fn relock<T>(&self, take: impl Fn(&File) -> std::io::Result<T>) -> Result<T, SearchError> {
        self.lock.unlock().and_then(|()| take(&self.lock)).map_err(|source| SearchError::File {
            action: "lock",
            path: self.path.join("lock"),
            source,
        })
    }

    /// The checkpoint of a trial.
    pub(super) fn checkpoint(&self, trial: u64) -> PathBuf {
        self.path.join("checkpoints").join(format!("{trial}.ckpt"))
    }

    /// The checkpoint of a trial's final training.
    pub(super) fn final_checkpoint(&self, trial: u64) -> PathBuf {
        self.path.join("checkpoints").join(format!("final-{trial}.ckpt"))
    }

    /// Removes the checkpoint of a final training, once all of them are over.
    pub(super) fn free_final_checkpoint(&self, trial: u64) {
        let _ = fs::remove_file(self.final_checkpoint(trial));
    }

    /// Removes a checkpoint that nobody needs any more.
    pub(super) fn free_checkpoint(&self, trial: u64) {
        // A file that stays behind costs space and nothing else.
        let _ = fs::remove_file(self.checkpoint(trial));
    }
}

/// Removes what is left of files whose writing was interrupted.
fn remove_parts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "part") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Drop for StudyFolder {
    fn drop(&mut self) {
        if self.fresh && !self.filled {
            // An empty folder that stays behind costs a name and nothing else.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is alone, others join once the study has begun, and one of them is the last.
    #[test]
    fn processes_share_a_folder_and_one_is_the_last() {
        let runs = tempfile::tempdir().unwrap();
        let stop = StopFlag::new();
        let waited = std::cell::Cell::new(false);
        let open = |stop: &StopFlag| {
            StudyFolder::open(runs.path(), Some("a"), "digits", stop, &|| waited.set(true))
        };
        let mut first = open(&stop).unwrap();
        assert!(first.alone);
        // It has not begun yet.
        let stopped = StopFlag::new();
        stopped.set();
        assert!(matches!(open(&stopped).unwrap_err(), SearchError::Stopped));
        assert!(waited.replace(false));
        first.keep().unwrap();
        let mut second = open(&stop).unwrap();
        second.keep().unwrap();
        assert!(!second.alone && !second.fresh && !waited.get());
        assert!(!first.is_last().unwrap());
        assert!(second.is_last().unwrap());
        drop((first, second));
        assert!(open(&stop).unwrap().alone);
    }
}
