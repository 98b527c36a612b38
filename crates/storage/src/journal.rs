//! Journal files: Optuna's storage for shared file systems.

mod operation;
pub(crate) mod record;
mod replay;
mod state;
pub(crate) mod whole;

use crate::compare::{difference, unfit};
use automl_optuna::codec;
use automl_optuna::distribution::is_exact;
use automl_optuna::draft::{Draft, Fits, HEARTBEAT};
use automl_space::Space;
use automl_study::{
    Direction, Expired, Heartbeat, Report, SharedStorage, State, Storage, StoreError, Trial,
    TrialId, attribute,
};
use replay::{Replay, STATES, TrialRow};
use serde_json::Value;
use state::Journal;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The study's attribute that holds its space.
const SPACE: &str = "automl:space";

/// A study in a journal file of Optuna (`JournalFileBackend`): one operation a line, appended under a
/// lock that also holds on shared file systems.
///
/// Processes on any number of machines may share a file, where the file system shows one machine what
/// another has written. Each change is on the disk before it is acknowledged. Heartbeats are attributes
/// of the trials, since a journal has no table of them; Optuna ignores them.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::JournalStorage;
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("studies.log");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// for trials in [10, 20] {
///     let storage = JournalStorage::open(&path, "demo")?;
///     let mut study = Study::builder(space.clone()).storage(storage).build()?;
///     study.optimize(10, |config| config[x])?;
///     assert_eq!(study.history().len(), trials);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JournalStorage {
    journal: Journal,
    name: String,
    /// The id of the study, once it exists.
    study: Option<usize>,
    attached: Option<(Space, usize)>,
    /// The name of the worker, and whether it has heartbeats.
    worker: Option<(String, bool)>,
    /// How often a trial had left the paused state when the study was last refreshed, and by this
    /// worker since.
    departures: u64,
}

impl JournalStorage {
    /// Opens or creates the file for the study of this name. The study itself is created when it is
    /// attached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened or is no journal.
    pub fn open(path: impl AsRef<Path>, study: &str) -> Result<Self, StoreError> {
        let journal = Journal::open(path.as_ref())?;
        let name = study.to_owned();
        Ok(Self { journal, name, study: None, attached: None, worker: None, departures: 0 })
    }

    fn mismatch(&self, reason: impl Into<String>) -> StoreError {
        let (study, place) = (self.name.clone(), self.journal.place());
        StoreError::Mismatch { study, place, reason: reason.into() }
    }

    /// The id of the open study.
    fn id(&self) -> Result<usize, StoreError> {
        self.study.ok_or_else(|| self.mismatch("it is not attached yet"))
    }

    /// Space and number of objectives of the attached study.
    fn attached(&self) -> Result<(Space, usize), StoreError> {
        self.attached.clone().ok_or_else(|| self.mismatch("it is not attached yet"))
    }

    /// Finds or creates the study; a new one gets this space, if any. Returns its directions and its
    /// space.
    fn find(
        &mut self,
        directions: &[Direction],
        space: Option<&Value>,
    ) -> Result<(Vec<Direction>, Option<Space>), StoreError> {
        let name = self.name.clone();
        let numbers: Vec<u64> = directions.iter().map(|d| 1 + *d as u64).collect();
        self.journal.change(|replay, writer| {
            if replay.find(&name).is_some() {
                return ((), Vec::new());
            }
            let attribute = space.map(|s| writer.study_attribute(replay.studies.len(), SPACE, s));
            let create = writer.create_study(&name, &numbers);
            ((), std::iter::once(create).chain(attribute).collect())
        })?;
        let id = self.journal.replay.find(&name);
        let id = id.ok_or_else(|| self.mismatch("it could not be created"))?;
        self.study = Some(id);
        let row = &self.journal.replay.studies[id];
        let space = row.user.get(SPACE).map(Space::from_json).transpose();
        let space =
            space.map_err(|e| self.mismatch(format!("its stored space cannot be read: {e}")))?;
        Ok((row.directions.iter().map(direction).collect(), space))
    }

    /// Trials of the study by their ids.
    fn trials(&self, ids: impl Iterator<Item = usize>) -> Result<Vec<Trial>, StoreError> {
        let (space, objectives) = self.attached()?;
        let mut fits = Fits::new(&space);
        let rows = ids.filter_map(|id| self.journal.replay.trials.get(id));
        Ok(rows.map(|row| trial(row, &space, objectives, &mut fits)).collect())
    }

    /// The names of the black-box constraints, where trials of another program have some.
    fn constraint_names(&self) -> Vec<String> {
        let study = self.study.and_then(|id| self.journal.replay.studies.get(id));
        study.map(|study| study.constraint_names.clone()).unwrap_or_default()
    }

    /// Adds a trial under the next number, if that is the expected one.
    fn add(
        &mut self,
        trial: &Trial,
        expected: Option<TrialId>,
    ) -> Result<Option<TrialId>, StoreError> {
        let (id, (space, _), names) = (self.id()?, self.attached()?, self.constraint_names());
        let more = self.ownership(None, trial.state, self.worker.as_ref());
        self.journal.change(|replay, writer| {
            let number = TrialId(replay.studies[id].trials.len() as u64);
            if expected.is_some_and(|expected| expected != number) {
                return (None, Vec::new());
            }
            (Some(number), vec![writer.create_trial(id, &space, &names, trial, more)])
        })
    }

    /// The attributes that name the owner of a trial which enters this state.
    fn ownership(
        &self,
        from: Option<State>,
        to: State,
        worker: Option<&(String, bool)>,
    ) -> Vec<(String, String)> {
        let pair = |key: &str, value: Value| (key.to_owned(), value.to_string());
        match (worker, to) {
            // A trial that remains running keeps its worker.
            _ if (from, to) == (Some(State::Running), State::Running) => Vec::new(),
            (Some((name, beats)), State::Running) => vec![
                pair(attribute::WORKER, name.as_str().into()),
                pair(HEARTBEAT, if *beats { now().into() } else { Value::Null }),
            ],
            _ if from == Some(State::Running) => {
                let mut pairs = vec![pair(HEARTBEAT, Value::Null)];
                if to == State::Waiting {
                    pairs.push(pair(attribute::WORKER, Value::Null));
                }
                pairs
            }
            _ => Vec::new(),
        }
    }

    /// Moves a trial from one state to another, where `allow` does not object.
    fn alter(
        &mut self,
        from: State,
        trial: &Trial,
        worker: Option<&(String, bool)>,
        allow: impl FnOnce(&Replay, &TrialRow) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let (study, (space, _), names) = (self.id()?, self.attached()?, self.constraint_names());
        let more = self.ownership(Some(from), trial.state, worker);
        let number = trial.number;
        let done = self.journal.change(|replay, writer| {
            let Some((id, row)) = replay.row(study, number) else {
                return (Err(StoreError::Unknown { number }), Vec::new());
            };
            if row.is_finished() {
                return (Err(StoreError::Finished { number }), Vec::new());
            }
            if codec::state(STATES[row.state.min(4)], row.is_paused()) != Some(from) {
                return (Ok(false), Vec::new());
            }
            // Whoever takes a trial has read all its reports.
            let is_taken = from != State::Running && trial.state == State::Running;
            if is_taken && row.reports.len() > trial.reports.len() {
                return (Ok(false), Vec::new());
            }
            match allow(replay, row) {
                Ok(true) => (Ok(true), writer.update(id, row, &space, &names, trial, more)),
                refused => (refused, Vec::new()),
            }
        })??;
        let departs = from == State::Paused && trial.state != State::Paused;
        self.departures += u64::from(done && departs);
        Ok(done)
    }

    /// The numbers of the running trials that satisfy a condition.
    fn running(&self, is: impl Fn(&TrialRow) -> bool) -> Result<Vec<TrialId>, StoreError> {
        let study = &self.journal.replay.studies[self.id()?];
        let rows = study.open.iter().map(|id| &self.journal.replay.trials[*id]);
        let running = rows.filter(|row| row.state == 0 && !row.is_paused() && is(row));
        Ok(running.map(|row| TrialId(row.number)).collect())
    }
}

/// The direction of a number; that of a study that never ran minimizes.
fn direction(number: &u64) -> Direction {
    if *number == 2 { Direction::Maximize } else { Direction::Minimize }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Whether the lease of a running trial is expired.
fn is_expired(row: &TrialRow, which: Expired) -> bool {
    let ours = row.text(attribute::WORKER).is_some();
    let stale = |lease| row.age().is_some_and(|age| age > lease);
    match which {
        Expired::All => true,
        Expired::Stale(lease) => ours && stale(lease),
        Expired::Released(lease) => ours && (stale(lease) || row.age().is_none()),
    }
}

/// The trial of a row.
fn trial(row: &TrialRow, space: &Space, objectives: usize, fits: &mut Fits) -> Trial {
    let state = STATES.get(row.state).copied().unwrap_or("unknown").to_owned();
    let mut draft = Draft::new(row.number, space, state, (row.started, row.finished));
    for (name, (value, stored)) in &row.params {
        draft.param(space, fits, name, *value, Some(stored));
    }
    row.fill(&mut draft, objectives);
    draft.finish(space)
}

impl Storage for JournalStorage {
    fn attach(
        &mut self,
        space: &Space,
        directions: &[Direction],
    ) -> Result<Vec<Trial>, StoreError> {
        if let Some(param) = space.params().iter().find(|param| !is_exact(param.domain())) {
            let name = param.name();
            let reason = "has integers beyond 2^53, which a journal cannot tell apart";
            return Err(self.mismatch(format!("the parameter {name:?} {reason}")));
        }
        let json = serde_json::to_value(space).unwrap_or_default();
        let (known, old) = self.find(directions, Some(&json))?;
        if let Some(reason) = difference((old.as_ref(), &known), (space, directions)) {
            return Err(self.mismatch(reason));
        }
        self.attached = Some((space.clone(), directions.len()));
        let study = self.id()?;
        let trials = self.trials(self.journal.replay.studies[study].trials.clone().into_iter())?;
        if old.is_none() {
            if let Some(reason) = unfit(&trials) {
                self.attached = None;
                return Err(self.mismatch(reason));
            }
            // A study that another program created becomes ours too.
            let stored = self.attribute_or_insert(SPACE, &json)?;
            let stored = Space::from_json(&stored).ok();
            if let Some(reason) = difference((stored.as_ref(), &known), (space, directions)) {
                self.attached = None;
                return Err(self.mismatch(reason));
            }
        }
        self.journal.replay.changed.clear();
        self.departures = self.journal.replay.studies[study].departures;
        Ok(trials)
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        let added = self.add(trial, None)?;
        added.ok_or_else(|| self.mismatch("it has no next number"))
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        let (study, worker) = (self.id()?, self.worker.clone());
        self.journal.change(|replay, writer| {
            let Some((id, row)) = replay.row(study, number) else {
                return (Err(StoreError::Unknown { number }), Vec::new());
            };
            if row.is_finished() {
                return (Err(StoreError::Finished { number }), Vec::new());
            }
            let runs = row.state == 0 && !row.is_paused();
            if worker.is_some_and(|(worker, _)| !runs || row.is_refused(&worker)) {
                return (Err(StoreError::Taken { number }), Vec::new());
            }
            if row.reports.contains_key(&report.fidelity.0) {
                return (Ok(()), Vec::new());
            }
            (Ok(()), writer.report(id, report))
        })?
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let (worker, number) = (self.worker.clone(), trial.number);
        let name = worker.as_ref().map(|(name, _)| name.clone());
        let allow = move |_: &Replay, row: &TrialRow| match name {
            Some(name) if row.is_refused(&name) => Err(StoreError::Taken { number }),
            _ => Ok(true),
        };
        self.alter(from, trial, worker.as_ref(), allow)
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.journal.sync()?;
        let study = &self.journal.replay.studies[self.id()?];
        let map = if key.starts_with("study:") { &study.system } else { &study.user };
        Ok(map.get(key).cloned())
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        let id = self.id()?;
        self.journal.change(|_, writer| ((), vec![writer.study_attribute(id, key, value)]))
    }

    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl SharedStorage for JournalStorage {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        let (known, _) = self.find(directions, None)?;
        if known != directions {
            let reason = format!("its objectives are {known:?}, not {directions:?}");
            return Err(self.mismatch(reason));
        }
        Ok(!self.journal.replay.studies[self.id()?].trials.is_empty())
    }

    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        self.journal.sync()?;
        let ids = &self.journal.replay.studies[self.id()?].trials;
        self.trials(ids.get(number.index()..).unwrap_or_default().to_vec().into_iter())
    }

    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        Ok(self.add(trial, Some(trial.number))?.is_some())
    }

    fn attribute_or_insert(&mut self, key: &str, value: &Value) -> Result<Value, StoreError> {
        let id = self.id()?;
        self.journal.change(|replay, writer| {
            let study = &replay.studies[id];
            let map = if key.starts_with("study:") { &study.system } else { &study.user };
            match map.get(key) {
                Some(known) => (known.clone(), Vec::new()),
                None => (value.clone(), vec![writer.study_attribute(id, key, value)]),
            }
        })
    }

    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        self.journal.sync()?;
        let study = self.id()?;
        let changed = std::mem::take(&mut self.journal.replay.changed);
        self.departures = self.journal.replay.studies[study].departures;
        let ours = |id: &usize| self.journal.replay.trials[*id].study == study;
        self.trials(changed.into_iter().filter(ours).collect::<Vec<_>>().into_iter())
    }

    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let (worker, study, known) = (self.worker.clone(), self.id()?, self.departures);
        // A promotion depends on those before it: none may have come in between.
        let allow =
            move |replay: &Replay, _: &TrialRow| Ok(replay.studies[study].departures == known);
        self.alter(State::Paused, trial, worker.as_ref(), allow)
    }

    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.worker = Some((worker.to_owned(), heartbeats));
    }

    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        let (worker, _) = self.worker.clone().filter(|(_, beats)| *beats)?;
        let journal = Journal::open(Path::new(&self.journal.place())).ok()?;
        Some(Box::new(JournalHeartbeat { journal, study: self.study?, worker }))
    }

    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        self.journal.sync()?;
        self.running(|row| is_expired(row, which))
    }

    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        self.journal.sync()?;
        let ours = |row: &TrialRow| row.text(attribute::WORKER).is_some();
        self.running(|row| ours(row) && row.age().is_some_and(|age| age <= lease))
    }

    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        let allow = |_: &Replay, row: &TrialRow| {
            Ok(is_expired(row, which) && row.reports.len() <= trial.reports.len())
        };
        self.alter(State::Running, trial, None, allow)
    }

    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        let (study, worker) = (self.id()?, self.worker.clone());
        let Some((worker, _)) = worker else { return Ok(()) };
        self.journal.change(|replay, writer| {
            let rows = trials.iter().filter_map(|number| replay.row(study, *number));
            let ours = rows.filter(|(_, row)| row.text(attribute::WORKER) == Some(&worker));
            let lines = ours.filter(|(_, row)| row.age().is_some());
            ((), lines.map(|(id, _)| writer.user_attribute(id, HEARTBEAT, "null")).collect())
        })
    }
}

/// Writes the heartbeats of one worker's trials.
struct JournalHeartbeat {
    journal: Journal,
    study: usize,
    worker: String,
}

impl Heartbeat for JournalHeartbeat {
    fn beat(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        let (study, worker) = (self.study, &self.worker);
        self.journal.change(|replay, writer| {
            let rows = trials.iter().filter_map(|number| replay.row(study, *number));
            let ours = rows.filter(|(_, row)| {
                row.state == 0 && row.age().is_some() && row.text(attribute::WORKER) == Some(worker)
            });
            let now = Value::from(now()).to_string();
            ((), ours.map(|(id, _)| writer.user_attribute(id, HEARTBEAT, &now)).collect())
        })
    }
}
