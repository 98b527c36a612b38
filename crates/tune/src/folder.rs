//! The folder of a study, and in it one for each trial.

use crate::TuneError;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of a study: `study.db`, `best.json` and `trials/<number>/`.
///
/// Each process holds the lock of the folder, so that one that begins can tell whether it is alone.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Whether no other process worked on the study in this folder when this one came.
    pub(crate) alone: bool,
    /// Whether the folder was created now.
    is_new: bool,
    lock: File,
}

impl Folder {
    /// Creates or opens `runs/<name>`; without a name, creates the first free one of `tune-1`,
    /// `tune-2`, ...
    pub(crate) fn open(runs: &Path, name: Option<&str>) -> Result<Self, TuneError> {
        fs::create_dir_all(runs).map_err(TuneError::file("create", runs))?;
        let (name, path, is_new) = match name {
            Some(name) => {
                if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
                    let reason = format!("{name:?} is not the name of a folder");
                    return Err(TuneError::Setting { name: "study", reason });
                }
                let path = runs.join(name);
                let is_new = !path.exists();
                fs::create_dir_all(&path).map_err(TuneError::file("create", &path))?;
                (name.to_owned(), path, is_new)
            }
            None => {
                let (name, path) = first_free(runs)?;
                (name, path, true)
            }
        };
        let place = path.join("lock");
        let lock = File::create(&place).map_err(TuneError::file("create", &place))?;
        let alone = lock.try_lock().is_ok();
        Ok(Self { name, path, alone, is_new, lock })
    }

    /// Removes the folder of a study that could not begin, unless it was there before or holds more
    /// than the lock.
    pub(crate) fn discard(self) {
        if self.is_new && self.alone {
            let _ = fs::remove_file(self.path.join("lock"));
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// Lets other processes join, once trials of former ones have been recovered.
    pub(crate) fn share(&self) -> Result<(), TuneError> {
        let relock = || {
            if self.alone {
                self.lock.unlock()?;
            }
            self.lock.lock_shared()
        };
        relock().map_err(TuneError::file("lock", &self.path.join("lock")))
    }

    /// Notes in `storage.json` where the record of the study lies, without a password; nothing where that
    /// passes with the process.
    pub(crate) fn point_to(&self, storage: &str) -> Result<(), TuneError> {
        if storage == "memory://" {
            return Ok(());
        }
        let note = serde_json::json!({ "storage": automl_storage::without_password(storage) });
        write(&self.path.join("storage.json"), &format!("{note:#}\n"))
    }

    /// The folder of a trial, which is created.
    pub(crate) fn trial(&self, number: u64) -> Result<TrialFolder, TuneError> {
        let folder = TrialFolder::planned(&self.path, number);
        fs::create_dir_all(&folder.path).map_err(TuneError::file("create", &folder.path))?;
        Ok(folder)
    }
}

/// Creates the first folder of `tune-1`, `tune-2`, ... that does not exist yet.
fn first_free(runs: &Path) -> Result<(String, PathBuf), TuneError> {
    let mut number = 1_u64;
    loop {
        let name = format!("tune-{number}");
        let path = runs.join(&name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok((name, path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(TuneError::file("create", &path)(error)),
        }
    }
}

/// The folder of one trial.
#[derive(Clone, Debug)]
pub(crate) struct TrialFolder {
    path: PathBuf,
}

impl TrialFolder {
    /// The folder of a trial in that of a study, which need not exist.
    pub(crate) fn planned(study: &Path, number: u64) -> Self {
        // Programs may change their working folder: every name is absolute.
        let study = std::path::absolute(study).unwrap_or_else(|_| study.to_owned());
        Self { path: study.join("trials").join(number.to_string()) }
    }

    /// The parameters, for the program.
    pub(crate) fn config(&self) -> PathBuf {
        self.path.join("config.json")
    }

    /// The checkpoints, which survive pauses.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint")
    }

    /// A copy of the checkpoints of the trial that this one continues.
    pub(crate) fn parent_checkpoint(&self) -> PathBuf {
        self.path.join("parent_checkpoint")
    }

    /// Copies the checkpoints of another trial.
    pub(crate) fn inherit(&self, parent: &Self) -> std::io::Result<()> {
        let to = self.parent_checkpoint();
        copy(&parent.checkpoint(), &to).inspect_err(|_| drop(fs::remove_dir_all(&to)))
    }

    /// The result, where the program writes it to a file.
    pub(crate) fn result(&self) -> PathBuf {
        self.path.join("result.json")
    }

    /// The output of all runs of the trial.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("output.log")
    }

    /// Takes the trial's lock: the program of a former run may still write its checkpoint. `None`
    /// where the lock is held.
    pub(crate) fn try_lock(&self) -> Result<Option<File>, TuneError> {
        let path = self.path.join("lock");
        let file = File::create(&path).map_err(TuneError::file("create", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(TuneError::file("lock", &path)(error)),
        }
    }

    /// Removes the checkpoints of a trial that does not go on. Files that stay behind cost space and
    /// nothing else.
    pub(crate) fn free_checkpoint(&self) {
        let _ = fs::remove_dir_all(self.checkpoint());
        let _ = fs::remove_dir_all(self.parent_checkpoint());
    }
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// Writes a file whole or not at all. Threads of one process must not write the same file at once.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), TuneError> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .map_err(TuneError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_in_order_and_processes_share_a_folder() {
        let runs = tempfile::tempdir().unwrap();
        let first = Folder::open(runs.path(), None).unwrap();
        let second = Folder::open(runs.path(), None).unwrap();
        assert_eq!((first.name.as_str(), second.name.as_str()), ("tune-1", "tune-2"));
        assert!(first.alone);
        first.share().unwrap();
        let joined = Folder::open(runs.path(), Some("tune-1")).unwrap();
        assert!(!joined.alone);
        joined.share().unwrap();
        assert!(Folder::open(runs.path(), Some("../up")).is_err());
    }

    #[test]
    fn a_trial_has_one_program_at_a_time() {
        let runs = tempfile::tempdir().unwrap();
        let folder = Folder::open(runs.path(), None).unwrap();
        let trial = folder.trial(3).unwrap();
        let lock = trial.try_lock().unwrap();
        assert!(lock.is_some() && trial.try_lock().unwrap().is_none());
        drop(lock);
        assert!(trial.try_lock().unwrap().is_some());
    }
}
