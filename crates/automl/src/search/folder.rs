//! The folder of a study: its name, its lock, its files.

use super::SearchError;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// The folder of one study, held by this process alone until it is dropped. One that was made
/// here goes with it, unless the study began ([`StudyFolder::keep`]).
#[derive(Debug)]
pub(super) struct StudyFolder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Made here, for a study that has not begun.
    fresh: bool,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl StudyFolder {
    /// Creates or opens `runs/<name>`. Without a name takes the first of `<dataset>-1`,
    /// `<dataset>-2`, ... that does not exist yet.
    pub(super) fn open(
        runs: &Path,
        name: Option<&str>,
        dataset: &str,
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
                fresh = !path.exists();
                fs::create_dir_all(&path).map_err(|e| file(&path, e))?;
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
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SearchError::InUse { study: name, path }),
            Err(TryLockError::Error(e)) => return Err(file(&lock_path, e)),
        }
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(|e| file(&checkpoints, e))?;
        Ok(Self { name, path, fresh, _lock: lock })
    }

    /// The study has begun: the folder stays.
    pub(super) fn keep(&mut self) {
        self.fresh = false;
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

impl Drop for StudyFolder {
    fn drop(&mut self) {
        if self.fresh {
            // An empty folder that stays behind costs a name and nothing else.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
