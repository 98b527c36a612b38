//! The state of a journal: what its operations amount to.

use automl_optuna::codec;
use automl_optuna::constraints::Constraints;
use automl_optuna::draft::HEARTBEAT;
use automl_optuna::python;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// States by their numbers in a journal.
pub(super) const STATES: [&str; 5] = ["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"];

/// A study of a journal.
#[derive(Debug, Default)]
pub(super) struct StudyRow {
    pub(super) name: String,
    /// 1 for minimize, 2 for maximize.
    pub(super) directions: Vec<u64>,
    pub(super) user: BTreeMap<String, Value>,
    pub(super) system: BTreeMap<String, Value>,
    /// The ids of its trials by number.
    pub(super) trials: Vec<usize>,
    /// The ids of those that have not finished.
    pub(super) open: BTreeSet<usize>,
    /// The names of the black-box constraints, where trials have some.
    pub(super) constraint_names: Vec<String>,
    /// How often a trial left the paused state.
    pub(super) departures: u64,
    pub(super) deleted: bool,
}

/// A trial of a journal.
#[derive(Debug)]
pub(super) struct TrialRow {
    pub(super) study: usize,
    pub(super) number: u64,
    /// The index of its state in [`STATES`].
    pub(super) state: usize,
    /// In the order in which they were set.
    pub(super) params: Vec<(String, (f64, String))>,
    pub(super) values: Vec<f64>,
    pub(super) reports: BTreeMap<u64, f64>,
    pub(super) user: BTreeMap<String, Value>,
    pub(super) system: BTreeMap<String, Value>,
    pub(super) started: Option<i64>,
    pub(super) finished: Option<i64>,
    /// When the last heartbeat was seen, by the monotonic clock.
    beat: Option<Instant>,
}

impl TrialRow {
    pub(super) fn is_finished(&self) -> bool {
        matches!(self.state, 1..=3)
    }

    /// The time since the last heartbeat was seen; `None` without one.
    pub(super) fn age(&self) -> Option<Duration> {
        self.beat.map(|seen| seen.elapsed())
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.user.get(key)?.as_str()
    }

    fn constraint_names(&self) -> Vec<String> {
        let mut constraints = Constraints::default();
        for (key, value) in &self.system {
            constraints.read(key, &python::attribute(value));
        }
        constraints.names()
    }
}

/// What the operations so far amount to.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) studies: Vec<StudyRow>,
    pub(super) trials: Vec<TrialRow>,
    /// The ids of trials that changed since this was last emptied.
    pub(super) changed: BTreeSet<usize>,
    lines: usize,
}

/// A number, or a word for one that JSON cannot write; NaN for anything else.
pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::String(word) => codec::parse_number(None, word),
        value => value.as_f64().unwrap_or(f64::NAN),
    }
}

fn index(op: &Map<String, Value>, key: &str) -> Option<usize> {
    usize::try_from(op.get(key)?.as_u64()?).ok()
}

/// Microseconds since 1970 of a time with an offset, or of a naive one in UTC.
fn time(value: Option<&Value>) -> Option<i64> {
    let text = value?.as_str()?;
    let aware = text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
    aware.or_else(|| codec::parse_datetime(text))
}

fn attributes(value: Option<&Value>) -> BTreeMap<String, Value> {
    let map = value.and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Replay {
    /// Applies a line.
    ///
    /// # Errors
    /// A description of an invalid line.
    pub(super) fn apply(&mut self, line: &str) -> Result<(), String> {
        self.lines += 1;
        let line_number = self.lines;
        let bad = || format!("line {line_number} is no operation of a journal");
        let Some(Value::Object(op)) = codec::parse_python(line) else { return Err(bad()) };
        let code = op.get("op_code").and_then(Value::as_u64).ok_or_else(bad)?;
        // An operation on what does not exist, or has finished, has no effect, as in Optuna.
        let _ = match code {
            0 => self.create_study(&op),
            1 => self.study(&op).map(|study| study.deleted = true),
            2 => self.study(&op).map(|study| study.user.extend(attributes(op.get("user_attr")))),
            3 => {
                self.study(&op).map(|study| study.system.extend(attributes(op.get("system_attr"))))
            }
            4 => self.create_trial(&op, line),
            5..=9 => self.change_trial(code, &op),
            10 => None,
            _ => return Err(bad()),
        };
        Ok(())
    }

    fn study(&mut self, op: &Map<String, Value>) -> Option<&mut StudyRow> {
        self.studies.get_mut(index(op, "study_id")?).filter(|study| !study.deleted)
    }

    /// The id of the study of a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.studies.iter().position(|study| !study.deleted && study.name == name)
    }

    fn create_study(&mut self, op: &Map<String, Value>) -> Option<()> {
        let name = op.get("study_name")?.as_str()?;
        if self.find(name).is_none() {
            let directions = op.get("directions")?.as_array()?;
            let directions = directions.iter().filter_map(Value::as_u64).collect();
            let name = name.to_owned();
            self.studies.push(StudyRow { name, directions, ..StudyRow::default() });
        }
        Some(())
    }

    fn create_trial(&mut self, op: &Map<String, Value>, line: &str) -> Option<()> {
        let study = index(op, "study_id")?;
        let id = self.trials.len();
        let row = self.studies.get_mut(study).filter(|study| !study.deleted)?;
        let position = row.trials.len() as u64;
        row.trials.push(id);
        let object = |key: &str| op.get(key).and_then(Value::as_object);
        let distributions = object("distributions");
        let params = object("params").filter(|params| !params.is_empty());
        let params = params.into_iter().flat_map(|params| {
            python::keys(line, "params").into_iter().filter_map(|name| {
                let stored = distributions.and_then(|all| all.get(&name)).and_then(Value::as_str);
                let (x, stored) = (number(params.get(&name)?), stored.unwrap_or_default());
                Some((name, (x, stored.to_owned())))
            })
        });
        let reports = object("intermediate_values").into_iter().flatten();
        let mut trial = TrialRow {
            study,
            number: position,
            state: op.get("state").and_then(Value::as_u64).unwrap_or(0) as usize,
            params: params.collect(),
            values: values(op),
            reports: reports.filter_map(|(s, v)| Some((s.parse().ok()?, number(v)))).collect(),
            user: attributes(op.get("user_attrs")),
            system: attributes(op.get("system_attrs")),
            started: time(op.get("datetime_start")),
            finished: time(op.get("datetime_complete")),
            beat: None,
        };
        trial.beat = beat(trial.user.get(HEARTBEAT));
        self.trials.push(trial);
        self.note(id);
        Some(())
    }

    /// Notes that a trial is as it is now.
    fn note(&mut self, id: usize) {
        self.changed.insert(id);
        let trial = &self.trials[id];
        let Some(study) = self.studies.get_mut(trial.study) else { return };
        if trial.is_finished() {
            study.open.remove(&id);
        } else {
            study.open.insert(id);
        }
        if study.constraint_names.is_empty() {
            study.constraint_names = trial.constraint_names();
        }
    }

    fn change_trial(&mut self, code: u64, op: &Map<String, Value>) -> Option<()> {
        let id = index(op, "trial_id")?;
        let trial = self.trials.get_mut(id).filter(|trial| !trial.is_finished())?;
        let was_paused = trial.is_paused();
        match code {
            5 => {
                let name = op.get("param_name")?.as_str()?.to_owned();
                let stored = op.get("distribution")?.as_str()?.to_owned();
                let set = (number(op.get("param_value_internal")?), stored);
                match trial.params.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = set,
                    None => trial.params.push((name, set)),
                }
            }
            6 => {
                let state = index(op, "state")?;
                if (state, trial.state) == (0, 0) {
                    return None;
                }
                if state == 0 {
                    trial.started = time(op.get("datetime_start")).or(trial.started);
                }
                trial.state = state;
                if trial.is_finished() {
                    trial.finished = time(op.get("datetime_complete"));
                }
                if op.get("values").is_some_and(Value::is_array) {
                    trial.values = values(op);
                }
            }
            7 => {
                let step = op.get("step")?.as_u64()?;
                trial.reports.insert(step, number(op.get("intermediate_value")?));
            }
            8 => {
                let new = attributes(op.get("user_attr"));
                if let Some(value) = new.get(HEARTBEAT) {
                    trial.beat = beat(Some(value));
                }
                trial.user.extend(new);
            }
            _ => trial.system.extend(attributes(op.get("system_attr"))),
        }
        let departed = was_paused && !trial.is_paused();
        if let Some(study) = self.studies.get_mut(trial.study) {
            study.departures += u64::from(departed);
        }
        self.note(id);
        Some(())
    }
}

fn values(op: &Map<String, Value>) -> Vec<f64> {
    match (op.get("values"), op.get("value")) {
        (Some(Value::Array(list)), _) => list.iter().map(number).collect(),
        (_, Some(value)) if !value.is_null() => vec![number(value)],
        _ => Vec::new(),
    }
}

/// When a heartbeat was seen, by the monotonic clock: the clock of its writer may jump.
fn beat(value: Option<&Value>) -> Option<Instant> {
    value?.as_f64().map(|_| Instant::now())
}
