//! A journal with its state: synchronized, and changed under the lock.

use super::operation::Writer;
use super::replay::{Replay, TrialRow};
use automl_optuna::{JournalFile, Lock};
use automl_study::{StoreError, TrialId, attribute};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Once;
use std::time::Instant;

/// The file of a journal and what its operations amount to.
#[derive(Debug)]
pub(super) struct Journal {
    file: JournalFile,
    pub(super) replay: Replay,
    pub(super) writer: Writer,
}

impl Journal {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let random = RandomState::new().hash_one(Instant::now());
        let writer = Writer::new(format!("automl-{}-{random:016x}", std::process::id()));
        let file = JournalFile::open(path).map_err(|e| unavailable("open", path, e))?;
        let mut journal = Self { file, replay: Replay::default(), writer };
        journal.sync()?;
        Ok(journal)
    }

    /// Opens and reads a file that exists, and changes nothing.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let (file, writer) = (JournalFile::existing(path), Writer::new(String::new()));
        let mut journal = Self { file, replay: Replay::default(), writer };
        journal.sync()?;
        // A command may read the same file several times.
        static SAID: Once = Once::new();
        if journal.file.unfinished().is_ok_and(|bytes| bytes > 0) {
            SAID.call_once(|| {
                tracing::warn!(
                    "the last line of {} is cut, or being written: it does not count",
                    path.display()
                );
            });
        }
        Ok(journal)
    }

    pub(super) fn place(&self) -> String {
        self.file.path().display().to_string()
    }

    /// Reads what is new.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        let lines = self.file.new_lines();
        for line in lines.map_err(|e| unavailable("read", self.file.path(), e))? {
            let applied = self.replay.apply(&line);
            applied.map_err(|reason| {
                let source = io::Error::new(io::ErrorKind::InvalidData, reason);
                unavailable("read", self.file.path(), source)
            })?;
        }
        Ok(())
    }

    /// Takes the lock, reads what is new, and appends what `work` decides.
    pub(super) fn change<T>(
        &mut self,
        work: impl FnOnce(&Replay, &Writer) -> (T, Vec<String>),
    ) -> Result<T, StoreError> {
        let lock: Lock =
            Lock::take(self.file.path()).map_err(|e| unavailable("lock", self.file.path(), e))?;
        self.sync()?;
        let (result, lines) = work(&self.replay, &self.writer);
        if !lines.is_empty() {
            let written = self.file.append(&lines, &lock);
            written.map_err(|e| unavailable("write to", self.file.path(), e))?;
        }
        drop(lock);
        self.sync()?;
        Ok(result)
    }
}

pub(super) fn unavailable(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Unavailable { action, place: path.display().to_string(), source: source.into() }
}

impl Replay {
    /// The id and the row of a trial of a study.
    pub(super) fn row(&self, study: usize, number: TrialId) -> Option<(usize, &TrialRow)> {
        let id = *self.studies.get(study)?.trials.get(number.index())?;
        Some((id, self.trials.get(id)?))
    }
}

impl TrialRow {
    /// Whether the trial is paused.
    pub(super) fn is_paused(&self) -> bool {
        self.state == 0 && self.user.get(attribute::PAUSED) == Some(&serde_json::Value::Bool(true))
    }

    /// Whether the trial runs with the heartbeat of another worker.
    pub(super) fn is_refused(&self, worker: &str) -> bool {
        let runs = self.state == 0 && !self.is_paused();
        runs && self.age().is_some() && self.text(attribute::WORKER) != Some(worker)
    }
}
