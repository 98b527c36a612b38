//! A storage of one's own: one JSON line for each change of a study, in a text file.
//!
//! Run: `cargo example custom_storage`

use automl::space::{Choice, Space};
use automl::study::{Direction, Report, State, Storage, StoreError, Study, Trial, TrialId};
use automl::tpe::TpeSampler;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A line of the file. The last line of a trial or an attribute counts.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Study(Space, Vec<Direction>),
    Attribute(String, Value),
    Trial(Record),
}

/// A trial with its configuration by names.
#[derive(Serialize, Deserialize)]
struct Record {
    number: TrialId,
    params: BTreeMap<String, Choice>,
    state: State,
    reports: Vec<Report>,
    values: Vec<f64>,
    constraints: Vec<f64>,
    attributes: BTreeMap<String, Value>,
    times: (Option<i64>, Option<i64>),
}

/// Keeps a study of one process (it is no `SharedStorage`); a change is in the file before the call
/// returns.
#[derive(Debug)]
struct JsonLines {
    path: PathBuf,
    file: File,
    space: Option<Space>,
    trials: Vec<Trial>,
    attributes: BTreeMap<String, Value>,
}

impl JsonLines {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|source| unavailable("open", path, source))?;
        let (space, trials, attributes) = (None, Vec::new(), BTreeMap::new());
        Ok(Self { path: path.to_owned(), file, space, trials, attributes })
    }

    fn write(&mut self, line: &Line) -> Result<(), StoreError> {
        let text = serde_json::to_string(line).map_err(|e| unavailable("write", &self.path, e))?;
        let written = writeln!(self.file, "{text}").and_then(|()| self.file.sync_data());
        written.map_err(|source| unavailable("write", &self.path, source))
    }

    fn write_trial(&mut self, trial: &Trial) -> Result<(), StoreError> {
        let params = self.space.iter().flat_map(|space| space.describe(&trial.config));
        let record = Record {
            number: trial.number,
            params: params.map(|(name, choice)| (name.to_owned(), choice)).collect(),
            state: trial.state,
            reports: trial.reports.clone(),
            values: trial.values.clone(),
            constraints: trial.constraints.clone(),
            attributes: trial.attributes.clone(),
            times: (trial.started, trial.finished),
        };
        self.write(&Line::Trial(record))
    }

    fn unfinished(&self, number: TrialId) -> Result<&Trial, StoreError> {
        match self.trials.get(number.index()) {
            None => Err(StoreError::Unknown { number }),
            Some(trial) if trial.state.is_finished() => Err(StoreError::Finished { number }),
            Some(trial) => Ok(trial),
        }
    }

    fn mismatch(&self, reason: impl ToString) -> StoreError {
        let (study, place) = ("study".to_owned(), self.path.display().to_string());
        StoreError::Mismatch { study, place, reason: reason.to_string() }
    }
}

fn unavailable(
    action: &'static str,
    path: &Path,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable { action, place: path.display().to_string(), source: source.into() }
}

impl Storage for JsonLines {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        let text = std::fs::read_to_string(&self.path);
        let text = text.map_err(|source| unavailable("read", &self.path, source))?;
        let mut is_new = true;
        for line in text.lines() {
            match serde_json::from_str(line).map_err(|e| unavailable("read", &self.path, e))? {
                Line::Study(known, directions) if known != *space || directions != to => {
                    return Err(self.mismatch("it has another space or other objectives"));
                }
                Line::Study(..) => is_new = false,
                Line::Attribute(key, value) => {
                    self.attributes.insert(key, value);
                }
                Line::Trial(record) => {
                    let params = record.params.iter();
                    let params = params.map(|(name, choice)| (name.as_str(), choice.clone()));
                    let config = space.config(params).map_err(|error| self.mismatch(error))?;
                    let mut trial = Trial::waiting(record.number, config);
                    (trial.state, trial.reports) = (record.state, record.reports);
                    (trial.values, trial.constraints) = (record.values, record.constraints);
                    trial.attributes = record.attributes;
                    (trial.started, trial.finished) = record.times;
                    match self.trials.get_mut(record.number.index()) {
                        Some(slot) => *slot = trial,
                        None => self.trials.push(trial),
                    }
                }
            }
        }
        self.space = Some(space.clone());
        if is_new {
            self.write(&Line::Study(space.clone(), to.to_vec()))?;
        }
        Ok(self.trials.clone())
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        let number = TrialId(self.trials.len() as u64);
        let trial = Trial { number, ..trial.clone() };
        self.write_trial(&trial)?;
        self.trials.push(trial);
        Ok(number)
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        let mut trial = self.unfinished(number)?.clone();
        trial.reports.push(report.clone());
        self.write_trial(&trial)?;
        self.trials[number.index()] = trial;
        Ok(())
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let known = self.unfinished(trial.number)?;
        if known.state != from {
            return Ok(false);
        }
        let trial = Trial { reports: known.reports.clone(), ..trial.clone() };
        self.write_trial(&trial)?;
        let place = trial.number.index();
        self.trials[place] = trial;
        Ok(true)
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.attributes.get(key).cloned())
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.write(&Line::Attribute(key.to_owned(), value.clone()))?;
        self.attributes.insert(key.to_owned(), value.clone());
        Ok(())
    }
}

/// Opens the study in the file, or begins it, and adds trials.
fn optimize(path: &Path, trials: u64) -> Result<Study, Box<dyn Error>> {
    let mut space = Space::builder();
    let x = space.float("x", -5.0..=5.0).add()?;
    let kind = space.choice("kind", ["square", "absolute"]).add()?;
    let mut study = Study::builder(space.build()?)
        .sampler(TpeSampler::default())
        .storage(JsonLines::open(path)?)
        .build()?;
    study.optimize(trials, |config| match config[kind] {
        0 => (config[x] - 2.0).powi(2),
        _ => 0.1 + (config[x] - 2.0).abs(),
    })?;
    Ok(study)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("custom-storage-{}.jsonl", std::process::id()));
    let first = optimize(&path, 25)?.history().trials().to_vec();
    // A new study object on the same file goes on where the first ended.
    let study = optimize(&path, 25)?;
    assert_eq!(study.history().len(), 50);
    assert_eq!(study.history().trials()[..25], first[..]);

    let text = std::fs::read_to_string(&path)?;
    println!("{} lines, the last:\n{}", text.lines().count(), text.lines().last().unwrap_or(""));
    let best = study.best().ok_or("no trial is complete")?;
    println!("best of {} trials in two sessions: {:.4}", study.history().len(), best.values[0]);
    assert!(best.values[0] < 0.1);
    std::fs::remove_file(path)?;
    Ok(())
}
