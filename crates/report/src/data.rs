//! What a report shows: a study's record with what its folder adds.

mod front;
mod networks;
mod settings;

pub use networks::NetworkCard;
pub(crate) use networks::alone as network_alone;

use crate::{Location, ReportError};
use automl_space::Choice;
use automl_storage::{RecordedParam, StudyRecord};
use automl_study::{Direction, State, Trial, TrialId, attribute};
use serde_json::Value;
use settings::Settings;
use std::collections::BTreeMap;
use std::path::Path;

/// An objective of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Name of the objective.
    pub name: String,
    /// Whether smaller or larger is better.
    pub direction: Direction,
    /// Whether its values are shown on a logarithmic axis: they are positive and span more than a
    /// factor of 50.
    pub log: bool,
}

/// A study as a report shows it.
///
/// # Examples
/// ```
/// use automl_report::StudyData;
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(9, |config| config[x])?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// assert_eq!(data.trials().len(), 9);
/// assert_eq!(data.front().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StudyData {
    record: StudyRecord,
    objectives: Vec<Objective>,
    front: Vec<usize>,
    networks: Vec<NetworkCard>,
    settings: Settings,
}

impl StudyData {
    /// The data of a record, and of the study's folder where there is one.
    pub fn new(record: StudyRecord, folder: Option<&Path>) -> Self {
        let settings = Settings::read(&record, folder);
        let names = settings.objectives(&record);
        let objectives = names.into_iter().zip(&record.directions).enumerate();
        let objectives = objectives.map(|(at, (name, direction))| Objective {
            name,
            direction: *direction,
            log: spans_magnitudes(&record, at),
        });
        let objectives: Vec<Objective> = objectives.collect();
        let front = front::front(&record);
        let networks = folder.map(networks::read).unwrap_or_default();
        Self { objectives, front, networks, settings, record }
    }

    /// Reads the study of a name at a location; without a name, the only one there or, in the folder
    /// of a search, the one that bears the folder's name.
    ///
    /// # Errors
    /// [`ReportError::Record`] where the record cannot be read.
    pub fn read(location: &Location, study: Option<&str>) -> Result<Self, ReportError> {
        let folder = location.folder.as_deref();
        // In a database of several studies, the one of the folder.
        let own = folder.and_then(Path::file_name).map(|name| name.to_string_lossy());
        let own = own.filter(|own| {
            let known = StudyRecord::list(&location.url).unwrap_or_default();
            known.len() > 1 && known.iter().any(|known| known.name == **own)
        });
        Ok(Self::new(StudyRecord::read(&location.url, study.or(own.as_deref()))?, folder))
    }

    /// Name of the study.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// File or address of the record, without a password.
    pub fn place(&self) -> &str {
        &self.record.place
    }

    /// The objectives.
    pub fn objectives(&self) -> &[Objective] {
        &self.objectives
    }

    /// The parameters.
    pub fn params(&self) -> &[RecordedParam] {
        &self.record.params
    }

    /// The trials in order.
    pub fn trials(&self) -> &[Trial] {
        &self.record.trials
    }

    /// The trials that no other one dominates, as positions, in the order of the first objective.
    /// Complete, feasible trials count; where there are none, all with a value.
    pub fn front(&self) -> &[usize] {
        &self.front
    }

    /// The networks that the study's folder holds.
    pub fn networks(&self) -> &[NetworkCard] {
        &self.networks
    }

    /// The attributes of the study.
    pub fn attributes(&self) -> &BTreeMap<String, Value> {
        &self.record.attributes
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The number of trials in a state.
    pub fn count(&self, state: State) -> usize {
        self.trials().iter().filter(|trial| trial.state == state).count()
    }

    /// The objective values of a trial where all are finite: final ones, else those of its last
    /// report.
    pub(crate) fn values<'a>(&self, trial: &'a Trial) -> Option<&'a [f64]> {
        values(trial, self.objectives.len())
    }

    /// The objective values as losses.
    pub(crate) fn losses(&self, values: &[f64]) -> Vec<f64> {
        let pairs = self.objectives.iter().zip(values);
        pairs.map(|(objective, value)| objective.direction.loss(*value)).collect()
    }

    /// A parameter's value in a trial, as a literal.
    pub(crate) fn literal(&self, trial: &Trial, param: usize) -> Option<Choice> {
        self.record.literal(trial, param)
    }

    /// The network of a trial, where the folder holds one.
    pub(crate) fn network(&self, trial: TrialId) -> Option<&NetworkCard> {
        self.networks.iter().find(|network| network.trial == Some(trial.0))
    }

    /// The best trial of an objective among the complete, feasible ones.
    pub(crate) fn best(&self, objective: usize) -> Option<&Trial> {
        let direction = self.objectives.get(objective)?.direction;
        let loss = |trial: &&Trial| direction.loss(trial.values[objective]);
        let complete = self.trials().iter().filter(|trial| trial.state == State::Complete);
        complete
            .filter(|trial| trial.is_feasible() && self.values(trial).is_some())
            .min_by(|a, b| loss(a).total_cmp(&loss(b)))
    }

    /// The trial that a study of one objective recommends, as noted among its attributes.
    pub(crate) fn recommended(&self) -> Option<&Trial> {
        let number = self.attributes().get(attribute::RECOMMENDED)?.as_u64()?;
        let trial = self.trials().iter().find(|trial| trial.number.0 == number)?;
        let counts = trial.state == State::Complete && self.values(trial).is_some();
        (counts && self.objectives.len() == 1).then_some(trial)
    }

    /// The name of what fidelities count.
    pub(crate) fn unit(&self) -> &str {
        &self.settings.unit
    }
}

/// Why a trial failed, as recorded.
pub(crate) fn reason(trial: &Trial) -> Option<&str> {
    let keys = [attribute::REASON, "fail_reason", attribute::SET_ASIDE];
    keys.into_iter().find_map(|key| trial.attributes.get(key)?.as_str())
}

/// Seconds that a trial took: of training where recorded, else from its start to its end.
pub(crate) fn seconds(trial: &Trial) -> Option<f64> {
    trained(trial).or_else(|| {
        let (start, end) = (trial.started?, trial.finished?);
        Some((end - start).max(0) as f64 / 1e6)
    })
}

/// Seconds of training, where recorded.
fn trained(trial: &Trial) -> Option<f64> {
    let seconds = trial.attributes.get("automl:metrics").and_then(|m| m["seconds"].as_f64());
    seconds.filter(|seconds| *seconds > 0.0)
}

/// The time at which the last work on a trial ended, in microseconds since 1970: that of its end or, for one
/// that was paused and perhaps closed long after, its start and its seconds of training.
pub(crate) fn last_work(trial: &Trial) -> Option<i64> {
    let by_training = || Some(trial.started? + (1e6 * trained(trial)?) as i64);
    match trial.state {
        State::Pruned | State::Paused => match (by_training(), trial.finished) {
            (Some(worked), Some(finished)) => Some(worked.min(finished)),
            (worked, finished) => worked.or(finished).or(trial.started),
        },
        _ => trial.finished,
    }
}

/// The name of a state.
pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Running => "running",
        State::Paused => "paused",
        State::Complete => "complete",
        State::Pruned => "pruned",
        State::Failed => "failed",
    }
}

fn values(trial: &Trial, objectives: usize) -> Option<&[f64]> {
    let values = trial.last_values().filter(|_| trial.state != State::Failed)?;
    (values.len() == objectives && values.iter().all(|value| value.is_finite())).then_some(values)
}

fn spans_magnitudes(record: &StudyRecord, objective: usize) -> bool {
    let objectives = record.directions.len();
    let all = record.trials.iter().filter_map(|trial| Some(values(trial, objectives)?[objective]));
    let (low, high) = all.fold((f64::MAX, 0.0), |(low, high), x| (x.min(low), x.max(high)));
    low > 0.0 && high > 50.0 * low
}
