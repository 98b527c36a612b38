//! The folder of a study: its name, its lock, its files.

use crate::FileError;
use crate::file::remove;
use automl_study::StopFlag;
use automl_train::FoldedTraining;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::warn;

/// The folder of one study.
///
/// Processes that work on a study at once may share its folder. Each holds a lock until it ends, so
/// that a process that begins can tell whether it is alone there. A folder that this process created
/// is removed with this value, unless the study began ([`StudyFolder::keep`]) or something was
/// recorded in it.
#[derive(Debug)]
pub(super) struct StudyFolder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Whether this process created it, for a study that has not begun.
    pub(super) fresh: bool,
    /// Whether it holds the result of long preparations.
    pub(super) filled: bool,
    /// Whether no other process worked on the study in this folder when this one came.
    pub(super) alone: bool,
    /// Held alone until the study has begun, then shared.
    lock: File,
}

impl StudyFolder {
    /// Creates or opens `runs/<name>`; without a name, takes the first of `<dataset>-1`,
    /// `<dataset>-2`, ... that does not exist yet. Waits while another process begins or ends the
    /// study there, and calls `waits` then; `None` where the stop flag ended the wait.
    pub(super) fn open(
        runs: &Path,
        name: Option<&str>,
        dataset: &str,
        stop: &StopFlag,
        waits: &dyn Fn(),
    ) -> Result<Option<Self>, FileError> {
        fs::create_dir_all(runs).map_err(FileError::of("create", runs))?;
        let (name, mut fresh) = match name {
            Some(name) => (name.to_owned(), is_created(&runs.join(name))?),
            None => (first_free(runs, dataset)?, true),
        };
        let path = runs.join(&name);
        let lock_path = path.join("lock");
        let lock = open_lock(&lock_path).map_err(FileError::of("create", &lock_path))?;
        let Some(alone) = take(&lock, &lock_path, stop, waits)? else { return Ok(None) };
        // Another process may have begun in it, so that it is not this process's to remove.
        fresh &= alone;
        if !lock_path.exists() {
            // The process that held the lock has removed the folder.
            return Self::open(runs, Some(&name), dataset, stop, waits);
        }
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(FileError::of("create", &checkpoints))?;
        if alone {
            [&path, &checkpoints].into_iter().for_each(|folder| remove_parts(folder));
        }
        Ok(Some(Self { name, path, fresh, filled: false, alone, lock }))
    }

    /// The study has begun: the folder stays, and others may join.
    pub(super) fn keep(&mut self) -> Result<(), FileError> {
        self.fresh = false;
        if self.alone {
            self.relock(File::lock_shared)?;
        }
        Ok(())
    }

    /// Leaves the folder to the other processes in it; true if there are none, and the folder is now
    /// this process's alone. Of several that end at once, exactly one is the last.
    pub(super) fn is_last(&self) -> Result<bool, FileError> {
        self.relock(|lock| match lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(e),
        })
    }

    fn relock<T>(&self, take: impl Fn(&File) -> std::io::Result<T>) -> Result<T, FileError> {
        let taken = self.lock.unlock().and_then(|()| take(&self.lock));
        taken.map_err(FileError::of("lock", &self.path.join("lock")))
    }

    /// The checkpoint of a trial.
    pub(super) fn checkpoint(&self, trial: u64) -> PathBuf {
        self.path.join("checkpoints").join(format!("{trial}.ckpt"))
    }

    /// The checkpoint of a trial's final training.
    pub(super) fn final_checkpoint(&self, trial: u64) -> PathBuf {
        self.path.join("checkpoints").join(format!("final-{trial}.ckpt"))
    }

    /// The checkpoint of the training that all candidates are parts of.
    pub(super) fn supernet_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoints").join("supernet.ckpt")
    }

    /// The checkpoint of a fold of a trial's final cross-validation.
    pub(super) fn fold_checkpoint(&self, trial: u64, fold: usize) -> PathBuf {
        self.path.join("checkpoints").join(format!("final-{trial}.fold-{fold}.ckpt"))
    }

    /// Removes the checkpoint of a final training, once all of them are over.
    pub(super) fn free_final_checkpoint(&self, trial: u64) {
        remove(&self.final_checkpoint(trial));
    }

    /// Removes the checkpoint of a trial that does not go on.
    pub(super) fn free_checkpoint(&self, trial: u64) {
        FoldedTraining::files(&self.checkpoint(trial)).iter().for_each(|file| remove(file));
    }
}

/// Opens or creates the file of a lock. A symbolic link is refused, and a file that is there keeps what
/// it holds.
fn open_lock(path: &Path) -> std::io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|file| !file.is_file()) {
        let reason = "it is a link or a folder, not the file of a lock";
        return Err(std::io::Error::new(ErrorKind::AlreadyExists, reason));
    }
    File::options().create(true).truncate(false).write(true).open(path)
}

/// Creates a folder; false if it existed before.
fn is_created(path: &Path) -> Result<bool, FileError> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true).map_err(FileError::of("create", path)),
    }
}

/// Creates the first folder of `<dataset>-1`, `<dataset>-2`, ... that does not exist yet.
fn first_free(runs: &Path, dataset: &str) -> Result<String, FileError> {
    let mut number = 1;
    loop {
        let name = format!("{dataset}-{number}");
        if is_created(&runs.join(&name))? {
            return Ok(name);
        }
        number += 1;
    }
}

/// Takes the lock of a folder, alone or else shared; true if alone, `None` where the stop flag
/// ended the wait for it.
fn take(
    lock: &File,
    path: &Path,
    stop: &StopFlag,
    waits: &dyn Fn(),
) -> Result<Option<bool>, FileError> {
    if lock.try_lock().is_ok() {
        return Ok(Some(true));
    }
    let mut is_first = true;
    loop {
        match lock.try_lock_shared() {
            Ok(()) => return Ok(Some(false)),
            Err(TryLockError::Error(error)) => return Err(FileError::of("create", path)(error)),
            Err(TryLockError::WouldBlock) if is_first => waits(),
            Err(TryLockError::WouldBlock) if stop.is_set() => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
        }
        is_first = false;
    }
}

/// Removes files left by interrupted writes.
fn remove_parts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "part") {
            remove(&entry.path());
        }
    }
}

impl Drop for StudyFolder {
    fn drop(&mut self) {
        if self.fresh && !self.filled {
            // An empty folder that stays behind costs a name and nothing else.
            if let Err(error) = fs::remove_dir_all(&self.path) {
                warn!(path = %self.path.display(), %error, "the folder of a study without trials stays");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link in the place of the lock is refused, and what it points to stays as it is.
    #[cfg(unix)]
    #[test]
    fn a_lock_is_no_link() {
        let runs = tempfile::tempdir().unwrap();
        let precious = runs.path().join("precious");
        fs::write(&precious, "text").unwrap();
        let open = || StudyFolder::open(runs.path(), Some("a"), "digits", &StopFlag::new(), &|| {});
        let folder = runs.path().join("a");
        fs::create_dir(&folder).unwrap();
        for target in [precious.clone(), runs.path().join("nothing")] {
            std::os::unix::fs::symlink(&target, folder.join("lock")).unwrap();
            let error = open().unwrap_err().to_string();
            assert!(error.contains("lock") && error.contains("link"), "{error}");
            fs::remove_file(folder.join("lock")).unwrap();
        }
        assert_eq!(fs::read_to_string(&precious).unwrap(), "text");
        assert!(!runs.path().join("nothing").exists());
        open().unwrap().unwrap();
    }

    /// The first is alone, others join once the study has begun, and one of them is the last.
    #[test]
    fn processes_share_a_folder_and_one_is_the_last() {
        let runs = tempfile::tempdir().unwrap();
        let stop = StopFlag::new();
        let waited = std::cell::Cell::new(false);
        let open = |stop: &StopFlag| {
            StudyFolder::open(runs.path(), Some("a"), "digits", stop, &|| waited.set(true))
        };
        let mut first = open(&stop).unwrap().unwrap();
        assert!(first.alone);
        // It has not begun yet.
        let stopped = StopFlag::new();
        stopped.set();
        assert!(open(&stopped).unwrap().is_none());
        assert!(waited.replace(false));
        first.keep().unwrap();
        let mut second = open(&stop).unwrap().unwrap();
        second.keep().unwrap();
        assert!(!second.alone && !second.fresh && !waited.get());
        assert!(!first.is_last().unwrap());
        assert!(second.is_last().unwrap());
        drop((first, second));
        assert!(open(&stop).unwrap().unwrap().alone);
    }
}
