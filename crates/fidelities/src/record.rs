//! The record of measured trainings, which are not repeated.

use super::FidelitiesError;
use super::outcome::Outcome;
use automl_search::FileError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file of trainings, one line of JSON for each.
///
/// Trainings are appended one at a time, so a crash costs at most the last line, which is then
/// ignored.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Outcomes by everything on which they depend, as JSON.
    known: HashMap<String, Outcome>,
    file: Option<(PathBuf, Mutex<File>)>,
}

/// The beginning of a line, also of an incomplete one.
const START: &str = "{\"training\":";

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Everything on which the outcome depends.
    training: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

impl Record {
    /// The trainings in a file, which need not exist.
    ///
    /// # Errors
    /// [`FidelitiesError`] if it cannot be read or created, or holds something else.
    pub(super) fn open(path: &Path) -> Result<Self, FidelitiesError> {
        let failed = |action| FileError::of(action, path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
        }
        let mut file =
            OpenOptions::new().create(true).append(true).open(path).map_err(failed("open"))?;
        let bytes = std::fs::read(path).map_err(failed("read"))?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let known: HashMap<String, Outcome> =
            lines.map(|line| (line.training.to_string(), line.outcome)).collect();
        if known.is_empty() && !(text.is_empty() || text.starts_with(START)) {
            return Err(FidelitiesError::Record { path: path.to_owned() });
        }
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(failed("write"))?;
        }
        Ok(Self { known, file: Some((path.to_owned(), Mutex::new(file))) })
    }

    pub(super) fn known(&self, training: &Value) -> Option<Outcome> {
        self.known.get(&training.to_string()).cloned()
    }

    /// Writes a training to the file, if there is one.
    pub(super) fn keep(&self, training: Value, outcome: &Outcome) -> Result<(), FileError> {
        let Some((path, file)) = &self.file else { return Ok(()) };
        let line = Line { training, outcome: outcome.clone() };
        let failed = FileError::of("write", path);
        let text = serde_json::to_string(&line).map_err(|error| failed(error.into()))? + "\n";
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_written_is_known_but_for_a_broken_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/trainings.jsonl");
        let outcome = |accuracy: f64| Outcome { curve: vec![0.1, accuracy], seconds: 1.5 };
        let record = Record::open(&path).unwrap();
        for network in 0..3 {
            record.keep(json!({ "network": network }), &outcome(f64::from(network) / 3.0)).unwrap();
        }
        drop(record);
        // The machine went down in the middle of the last line.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        let record = Record::open(&path).unwrap();
        let known = |record: &Record, network: u32| record.known(&json!({ "network": network }));
        assert_eq!(known(&record, 1), Some(outcome(1.0 / 3.0)));
        assert_eq!(known(&record, 2), None);
        record.keep(json!({ "network": 2 }), &outcome(0.7)).unwrap();
        assert_eq!(known(&Record::open(&path).unwrap(), 2), Some(outcome(0.7)));
    }

    #[test]
    fn a_file_of_something_else_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "milk\nbread").unwrap();
        let error = Record::open(&path).unwrap_err().to_string();
        assert!(error.contains("notes.txt"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "milk\nbread");
    }
}
