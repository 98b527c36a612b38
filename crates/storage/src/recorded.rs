//! A study as it is recorded, without a search space.

pub(crate) mod assemble;

use automl_space::{Choice, Domain, Space};
use automl_study::{Direction, Trial, attribute};
use serde_json::Value;
use std::collections::BTreeMap;

/// A study as it is recorded in a database, ours or Optuna's.
///
/// Reading changes nothing in the database: no table, no study and no file is created.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// let mut study = Study::builder(space.build()?).storage(storage).build()?;
/// study.optimize(10, |config| config[x])?;
///
/// let record = StudyRecord::read(&path.display().to_string(), None)?;
/// assert_eq!((record.name.as_str(), record.trials.len()), ("demo", 10));
/// assert_eq!(record.params[0].name, "x");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StudyRecord {
    /// Name of the study.
    pub name: String,
    /// File or address of the database, without a password.
    pub place: String,
    /// One direction for each objective.
    pub directions: Vec<Direction>,
    /// Attributes of the study, with Optuna's `study:metric_names`.
    pub attributes: BTreeMap<String, Value>,
    /// The search space, of a study that this project's programs opened.
    pub space: Option<Space>,
    /// The parameters: in the order of the space where there is one, else of their first use.
    pub params: Vec<RecordedParam>,
    /// The trials in order. A configuration has a place for each of `params`, empty where the trial
    /// has no value; the worker stays among the attributes ([`WORKER`](automl_study::attribute::WORKER)).
    pub trials: Vec<Trial>,
}

/// A parameter as its distributions were recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedParam {
    /// Name of the parameter.
    pub name: String,
    /// The domain; where bounds differ between trials, the union of their ranges.
    pub domain: Domain,
}

/// A trial of another program that was set aside, as the study notes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The trial's number.
    pub number: u64,
    /// What does not fit.
    pub reason: String,
}

impl StudyRecord {
    /// The trials that were set aside, by number.
    pub fn set_aside(&self) -> Vec<SetAside> {
        let entry = |(key, value): (&String, &Value)| {
            let number = key.strip_prefix(attribute::SET_ASIDE)?.strip_prefix(':')?.parse().ok()?;
            Some(SetAside { number, reason: value["reason"].as_str()?.to_owned() })
        };
        let mut found: Vec<SetAside> = self.attributes.iter().filter_map(entry).collect();
        found.sort_by_key(|entry| entry.number);
        found
    }

    /// Names of the objectives: those that the study's `study:metric_names` gives, else `value`, or
    /// `objective 1`, `objective 2`, ...
    pub fn objectives(&self) -> Vec<String> {
        let named = self.attributes.get("study:metric_names").and_then(Value::as_array);
        let named: Option<Vec<String>> = named.map(|names| {
            names.iter().map(|name| name.as_str().unwrap_or_default().into()).collect()
        });
        match named {
            Some(names) if names.len() == self.directions.len() => names,
            _ if self.directions.len() == 1 => vec!["value".into()],
            _ => (1..=self.directions.len()).map(|n| format!("objective {n}")).collect(),
        }
    }

    /// The literal of a trial's parameter; `None` where the trial has no value for it.
    pub fn literal(&self, trial: &Trial, param: usize) -> Option<Choice> {
        self.params.get(param)?.domain.literal(trial.config.value(param)?)
    }
}
