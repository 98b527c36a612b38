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
        let lock = open_lock(&place)?;
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

    /// The file of the record. A folder with trials has one, and it holds the study of the folder's name:
    /// what was moved or is lost does not begin anew.
    pub(crate) fn record(&self) -> Result<PathBuf, TuneError> {
        let place = self.path.join("study.db");
        let refused = |reason: String| Err(TuneError::Setting { name: "study", reason });
        if fs::metadata(&place).is_ok_and(|file| file.len() > 0) {
            // Another process may be about to make the tables; what is damaged is found by what follows.
            let known = automl_storage::studies(&place).unwrap_or_default();
            let names: Vec<_> = known.iter().map(|study| format!("{:?}", study.name)).collect();
            if !known.is_empty() && known.iter().all(|study| study.name != self.name) {
                let (place, names, name) = (place.display(), names.join(", "), &self.name);
                return refused(format!(
                    "{place} holds {names} and not {name:?}: give the folder its name back, or copy the \
                     study (automl studies copy --as {name})"
                ));
            }
        } else if fs::read_dir(self.path.join("trials")).is_ok_and(|mut all| all.next().is_some()) {
            let (path, place) = (self.path.display(), place.display());
            return refused(format!(
                "{path} holds trials, and {place} is missing or empty: put the record back, give \
                 --storage as before, or name another study"
            ));
        }
        Ok(place)
    }

    /// The folder of a trial, which is created.
    pub(crate) fn trial(&self, number: u64) -> Result<TrialFolder, TuneError> {
        let folder = TrialFolder::planned(&self.path, number);
        fs::create_dir_all(&folder.path).map_err(TuneError::file("create", &folder.path))?;
        Ok(folder)
    }
}

/// Opens or creates the file of a lock. A symbolic link is refused, and a file keeps what it holds.
fn open_lock(path: &Path) -> Result<File, TuneError> {
    let failed = TuneError::file("create", path);
    if fs::symlink_metadata(path).is_ok_and(|file| !file.is_file()) {
        let reason = "it is a link or a folder, not the file of a lock";
        return Err(failed(std::io::Error::new(ErrorKind::AlreadyExists, reason)));
    }
    File::options().create(true).truncate(false).write(true).open(path).map_err(failed)
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
        let file = open_lock(&path)?;
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

    /// Each began anew in silence, and the link's target was emptied.
    #[test]
    fn moved_records_and_links_are_refused() {
        let runs = tempfile::tempdir().unwrap();
        let folder = Folder::open(runs.path(), Some("a")).unwrap();
        assert!(folder.record().is_ok());
        let mut space = automl_space::Space::builder();
        space.float("x", 0.0..=1.0).add().unwrap();
        let storage = automl_storage::SqliteStorage::open(folder.record().unwrap(), "a").unwrap();
        let study = automl_study::Study::builder(space.build().unwrap()).storage(storage);
        drop(study.build().unwrap());
        folder.trial(0).unwrap();
        assert!(folder.record().is_ok());
        let copy = Folder::open(runs.path(), Some("b")).unwrap();
        fs::copy(folder.path.join("study.db"), copy.path.join("study.db")).unwrap();
        let error = copy.record().unwrap_err().to_string();
        assert!(error.contains("holds \"a\" and not \"b\""), "{error}");
        fs::write(folder.path.join("study.db"), "").unwrap();
        assert!(folder.record().unwrap_err().to_string().contains("missing or empty"));
        fs::remove_file(folder.path.join("study.db")).unwrap();
        assert!(folder.record().unwrap_err().to_string().contains("missing or empty"));
        #[cfg(unix)]
        {
            let precious = runs.path().join("precious");
            fs::write(&precious, "text").unwrap();
            let linked = runs.path().join("c");
            fs::create_dir(&linked).unwrap();
            std::os::unix::fs::symlink(&precious, linked.join("lock")).unwrap();
            let error = Folder::open(runs.path(), Some("c")).unwrap_err().to_string();
            assert!(error.contains("link"), "{error}");
            assert_eq!(fs::read_to_string(precious).unwrap(), "text");
        }
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
