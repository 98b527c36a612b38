//! Studies in a database with Optuna's schema: the common part of all databases.

mod constraints;
pub(crate) mod database;
mod departures;
pub(crate) mod record;
mod rows;
pub(crate) mod schema;
pub(crate) mod whole;
mod workers;
mod write;

use crate::codec;
use crate::compare::difference;
use crate::distribution::is_exact;
use automl_space::Space;
use automl_study::{
    Direction, Expired, Heartbeat, Report, SharedStorage, State, Storage, StoreError, Trial,
    TrialId,
};
use database::{Access, Database, Failure, Session, integer};
use rows::{Loaded, Which};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use workers::{SqlHeartbeat, Worker};
use write::{Closed, Open};

/// The study's attribute that holds its space.
const SPACE: &str = "automl:space";

/// A study in a database `D`: see [`SqliteStorage`](crate::SqliteStorage) and, with the feature
/// `postgres`, `PostgresStorage`.
#[derive(Debug)]
pub struct SqlStorage<D> {
    pub(crate) database: D,
    name: String,
    /// The row id of the study, once it exists.
    study: Option<i64>,
    attached: Option<Attached>,
    worker: Option<Worker>,
}

/// The state of an open study.
#[derive(Debug)]
struct Attached {
    study: i64,
    space: Space,
    objectives: usize,
    /// Row ids by trial number, without a gap.
    ids: Vec<i64>,
    /// The trials that may change without a departure: those that run or wait.
    watched: BTreeSet<TrialId>,
    /// The number of departures from the paused state that were seen.
    departures: u64,
    /// Whether a trial was found in an unexpected state.
    surprised: bool,
    /// The names of the black-box constraints, where another program has given them names.
    constraint_names: Vec<String>,
}

impl Attached {
    /// The row id of a trial.
    fn id(&self, session: &mut dyn Session, number: TrialId) -> Result<Option<i64>, Failure> {
        if let Some(id) = self.ids.get(number.index()) {
            return Ok(Some(*id));
        }
        let sql = "SELECT trial_id FROM trials WHERE study_id = ?1 AND number = ?2";
        session.first(sql, &[self.study.into(), integer(number.0)?.into()], |row| row.int(0))
    }

    fn last_id(&self) -> i64 {
        self.ids.last().copied().unwrap_or(0)
    }

    /// The number of the next trial, which is the number of trials. Only rows after the last known
    /// one are counted. The study is locked, so no other session adds a trial in this transaction.
    fn next_number(&self, session: &mut dyn Session) -> Result<TrialId, Failure> {
        let lock = session.dialect().lock;
        if !lock.is_empty() {
            let sql = format!("SELECT study_id FROM studies WHERE study_id = ?1{lock}");
            session.number(&sql, &[self.study.into()])?;
        }
        let sql = "SELECT COUNT(*) FROM trials WHERE study_id = ?1 AND trial_id > ?2";
        let more = session.number(sql, &[self.study.into(), self.last_id().into()])?;
        Ok(TrialId(self.ids.len() as u64 + more.unsigned_abs()))
    }

    /// Stores the row id and the state of a trial.
    fn remember(&mut self, number: TrialId, id: i64, state: State) {
        if number == self.ids.len() as u64 {
            self.ids.push(id);
        }
        self.watch(number, state);
    }

    fn watch(&mut self, number: TrialId, state: State) {
        if matches!(state, State::Running | State::Waiting) {
            self.watched.insert(number);
        } else {
            self.watched.remove(&number);
        }
    }

    /// Marks a trial that was in an unexpected state for the next refresh.
    fn suspect(&mut self, number: TrialId) {
        self.watched.insert(number);
        self.surprised = true;
    }

    /// Reads trials within a transaction.
    fn load(&self, session: &mut dyn Session, which: Which<'_>) -> Result<Loaded, Failure> {
        rows::load(session, self.study, &self.space, self.objectives, which)
    }
}

/// The result of an attempt to change a trial.
enum Change {
    Done { departures: Option<u64> },
    OtherState,
    Closed(Closed),
}

#[expect(private_bounds, reason = "which databases there are is decided here")]
impl<D: Database> SqlStorage<D> {
    /// Creates the storage of a study in an open database, with the tables if there are none.
    pub(crate) fn over(mut database: D, study: &str) -> Result<Self, StoreError> {
        let place = database.place();
        check_name(database.name_limit(), "study", study).map_err(|reason| {
            let (study, place) = (study.escape_debug().to_string(), place.clone());
            StoreError::Mismatch { study, place, reason }
        })?;
        let failed = |source| unavailable("open", &place, source);
        let table = |session: &mut dyn Session| {
            let table = session.dialect().table;
            Ok(session.number(table, &["studies".into()])? > 0)
        };
        // Opening existing tables needs no lock.
        let exists = database.transaction(Access::Read, table).map_err(failed)?;
        let access = if exists { Access::Read } else { Access::Write };
        let revision = database.transaction(access, schema::prepare).map_err(failed)?;
        if revision.as_deref() != Some(schema::REVISION) {
            let found = revision.map_or("no revision".to_owned(), |r| format!("revision {r:?}"));
            return Err(StoreError::Mismatch {
                study: study.to_owned(),
                place,
                reason: format!("the database has {found}, not {:?}", schema::REVISION),
            });
        }
        Ok(Self { database, name: study.to_owned(), study: None, attached: None, worker: None })
    }

    fn mismatch(&self, reason: impl Into<String>) -> StoreError {
        let (study, place) = (self.name.clone(), self.database.place());
        StoreError::Mismatch { study, place, reason: reason.into() }
    }

    /// Runs one transaction on the attached study.
    fn with<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut dyn Session, &mut Attached, Option<&Worker>) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let (Some(attached), worker) = (&mut self.attached, self.worker.as_ref()) else {
            return Err(self.mismatch("it is not attached yet"));
        };
        let done = self.database.transaction(access, |session| work(session, attached, worker));
        let action = if access == Access::Read { "read" } else { "write to" };
        done.map_err(|source| unavailable(action, &self.database.place(), source))
    }

    /// Runs one transaction on the study's attributes.
    fn with_attributes<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut dyn Session, i64) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let Some(study) = self.study else { return Err(self.mismatch("it is not attached yet")) };
        let done = self.database.transaction(access, |session| work(session, study));
        let action = if access == Access::Read { "read" } else { "write to" };
        done.map_err(|source| unavailable(action, &self.database.place(), source))
    }

    /// Finds or creates the study and reads its directions and space; a new one gets this space, if
    /// any.
    fn find(&mut self, directions: &[Direction], space: Option<&str>) -> Result<Found, StoreError> {
        let name = self.name.clone();
        let opened = self
            .database
            .transaction(Access::Write, |session| open_study(session, &name, directions, space));
        let place = self.database.place();
        let (study, names, stored) = opened.map_err(|e| unavailable("open", &place, e))?;
        let directions = names.iter().filter_map(|n| codec::direction(n)).collect();
        Ok(Found { study, directions, space: self.read_space(stored.as_deref())? })
    }

    fn read_space(&self, stored: Option<&str>) -> Result<Option<Space>, StoreError> {
        stored
            .and_then(codec::parse_json)
            .map(|json| Space::from_json(&json))
            .transpose()
            .map_err(|e| self.mismatch(format!("its stored space cannot be read: {e}")))
    }

    /// Remembers the trials that were read.
    fn take(&mut self, loaded: Loaded) -> Vec<Trial> {
        if let Some(attached) = &mut self.attached {
            for (id, trial) in &loaded.trials {
                attached.remember(trial.number, *id, trial.state);
                // Its row may change until it fits.
                if trial.is_set_aside() {
                    attached.watched.insert(trial.number);
                }
            }
            if attached.constraint_names.is_empty() {
                attached.constraint_names = loaded.constraint_names;
            }
        }
        loaded.trials.into_iter().map(|(_, trial)| trial).collect()
    }

    /// Adds a trial under the next number, if that is the expected one.
    fn add(
        &mut self,
        trial: &Trial,
        expected: Option<TrialId>,
    ) -> Result<Option<TrialId>, StoreError> {
        let added = self.with(Access::Write, |session, attached, worker| {
            let number = attached.next_number(session)?;
            if expected.is_some_and(|expected| expected != number) {
                return Ok(None);
            }
            let id = write::insert(session, attached, number, trial)?;
            workers::assign(session, id, None, trial.state, worker)?;
            Ok(Some((number, id)))
        })?;
        // Only what is committed is known.
        if let (Some(attached), Some((number, id))) = (&mut self.attached, added)
            && number == attached.ids.len() as u64
        {
            attached.remember(number, id, trial.state);
        }
        Ok(added.map(|(number, _)| number))
    }

    /// Moves a trial from one state to another, if there was no departure beyond the `expected` ones.
    fn change(
        &mut self,
        from: State,
        trial: &Trial,
        expected: Option<u64>,
        allow: impl FnOnce(&mut dyn Session, &Open, Option<&Worker>) -> Result<Option<Change>, Failure>,
        by: impl FnOnce(Option<&Worker>) -> Option<&Worker>,
    ) -> Result<bool, StoreError> {
        let number = trial.number;
        let access = if trial.state.is_finished() { Access::Durable } else { Access::Write };
        let change = self.with(access, |session, attached, worker| {
            let open = match write::open(session, attached, number)? {
                Ok(open) => open,
                Err(closed) => return Ok(Change::Closed(closed)),
            };
            if open.state != from {
                return Ok(Change::OtherState);
            }
            if let Some(refused) = allow(session, &open, worker)? {
                return Ok(refused);
            }
            let departures = if from == State::Paused {
                match departures::add(session, attached.study, number, expected)? {
                    Some(count) => Some(count),
                    None => return Ok(Change::OtherState),
                }
            } else {
                None
            };
            write::update(session, attached, &open, trial)?;
            // A trial that remains running keeps its worker.
            if (from, trial.state) != (State::Running, State::Running) {
                workers::assign(session, open.id, Some(from), trial.state, by(worker))?;
            }
            Ok(Change::Done { departures })
        })?;
        let Some(attached) = &mut self.attached else { return Ok(false) };
        match change {
            Change::Done { departures } => {
                attached.watch(number, trial.state);
                if departures == Some(attached.departures + 1) {
                    attached.departures += 1;
                }
                Ok(true)
            }
            Change::OtherState => {
                attached.suspect(number);
                Ok(false)
            }
            Change::Closed(closed) => {
                attached.suspect(number);
                Err(closed.error(number))
            }
        }
    }
}

fn unavailable(action: &'static str, place: &str, source: Failure) -> StoreError {
    StoreError::Unavailable { action, place: place.to_owned(), source }
}

/// Refuses a name that the database cannot hold.
fn check_name(limit: Option<usize>, what: &str, name: &str) -> Result<(), String> {
    if name.contains('\0') {
        return Err(format!("the name of the {what} {name:?} holds a NUL character"));
    }
    match limit {
        Some(limit) if name.chars().count() > limit => {
            let start: String = name.chars().take(32).collect();
            Err(format!("the name of the {what} \"{start}...\" is longer than {limit} characters"))
        }
        _ => Ok(()),
    }
}

impl Closed {
    fn error(self, number: TrialId) -> StoreError {
        match self {
            Self::Unknown => StoreError::Unknown { number },
            Self::Finished => StoreError::Finished { number },
            Self::Taken => StoreError::Taken { number },
        }
    }
}

impl<D: Database> Storage for SqlStorage<D> {
    fn attach(
        &mut self,
        space: &Space,
        directions: &[Direction],
    ) -> Result<Vec<Trial>, StoreError> {
        for param in space.params() {
            check_name(self.database.name_limit(), "parameter", param.name())
                .map_err(|reason| self.mismatch(reason))?;
        }
        if let Some(param) = space.params().iter().find(|param| !is_exact(param.domain())) {
            let name = param.name();
            let reason = "has integers beyond 2^53, which the database cannot tell apart";
            return Err(self.mismatch(format!("the parameter {name:?} {reason}")));
        }
        let json = serde_json::to_string(space).unwrap_or_default();
        let Found { study, directions: known, space: old } = self.find(directions, Some(&json))?;
        if let Some(reason) = difference((old.as_ref(), &known), (space, directions)) {
            return Err(self.mismatch(reason));
        }
        let is_foreign = old.is_none();
        self.study = Some(study);
        self.attached = Some(Attached {
            study,
            space: space.clone(),
            objectives: directions.len(),
            ids: Vec::new(),
            watched: BTreeSet::new(),
            departures: 0,
            surprised: true,
            constraint_names: Vec::new(),
        });
        let trials = self.refresh()?;
        if is_foreign && let Some(reason) = unfit(&trials) {
            self.attached = None;
            return Err(self.mismatch(reason));
        }
        // A study that has no space, as another program creates it, becomes ours too, once everything
        // fits; another process may have been faster.
        let stored = self.with(Access::Write, |session, attached, _| {
            departures::create(session, attached.study)?;
            let insert = is_foreign.then(|| insert_attribute(session, study, SPACE, &json));
            insert.transpose()
        })?;
        let old = self.read_space(stored.as_deref())?;
        match difference((old.as_ref(), &known), (space, directions)) {
            Some(reason) => {
                self.attached = None;
                Err(self.mismatch(reason))
            }
            None => Ok(trials),
        }
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        let added = self.add(trial, None)?;
        added.ok_or_else(|| self.mismatch("it has no next number"))
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        let closed = self.with(Access::Write, |session, attached, worker| {
            let open = match write::open(session, attached, number)? {
                Ok(open) => open,
                Err(closed) => return Ok(Some(closed)),
            };
            if let Some(worker) = worker
                && (open.state != State::Running || worker.is_refused(session, &open)?)
            {
                return Ok(Some(Closed::Taken));
            }
            write::insert_report(session, open.id, report)?;
            Ok(None)
        })?;
        let Some(closed) = closed else { return Ok(()) };
        if let Some(attached) = &mut self.attached {
            attached.suspect(number);
        }
        Err(closed.error(number))
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let taken = |session: &mut dyn Session, open: &Open, worker: Option<&Worker>| {
            let refused = worker.map(|worker| worker.is_refused(session, open)).transpose()?;
            Ok(refused.filter(|refused| *refused).map(|_| Change::Closed(Closed::Taken)))
        };
        self.change(from, trial, None, taken, |worker| worker)
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        let text = self
            .with_attributes(Access::Read, |session, study| study_attribute(session, study, key))?;
        Ok(text.as_deref().and_then(codec::parse_json))
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        let text = value.to_string();
        self.with_attributes(Access::Write, |session, study| {
            write::set_attribute(session, study_table(key), study, key, &text)
        })
    }

    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl<D: Database> SharedStorage for SqlStorage<D> {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        let found = self.find(directions, None)?;
        if found.directions != directions {
            let reason = format!("its objectives are {:?}, not {directions:?}", found.directions);
            return Err(self.mismatch(reason));
        }
        self.study = Some(found.study);
        self.with_attributes(Access::Read, |session, study| {
            let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM trials WHERE study_id = ?1 LIMIT 1) t";
            Ok(session.number(sql, &[study.into()])? > 0)
        })
    }

    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        let loaded = self.with(Access::Read, |session, attached, _| {
            let before = number.index().checked_sub(1);
            let after = before.map_or(0, |n| attached.ids.get(n).copied().unwrap_or(0));
            attached.load(session, Which { after, listed: &[] })
        })?;
        let mut trials = self.take(loaded);
        trials.retain(|trial| trial.number >= number);
        Ok(trials)
    }

    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        Ok(self.add(trial, Some(trial.number))?.is_some())
    }

    fn attribute_or_insert(&mut self, key: &str, value: &Value) -> Result<Value, StoreError> {
        let text = value.to_string();
        let known = self.with_attributes(Access::Write, |session, study| {
            insert_attribute(session, study, key, &text)
        })?;
        codec::parse_json(&known)
            .ok_or_else(|| self.mismatch(format!("its attribute {key:?} cannot be read")))
    }

    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        let place = self.database.place();
        let changed = self.database.has_changed().map_err(|e| unavailable("read", &place, e))?;
        if let Some(attached) = &self.attached
            && !changed
            && !attached.surprised
        {
            return Ok(Vec::new());
        }
        // One state of the database, in which the trials and the departures agree.
        let read = self.with(Access::Read, |session, attached, _| {
            let departures = departures::read(session, attached.study)?;
            let mut numbers = attached.watched.clone();
            let mut after = attached.last_id();
            match departures.since(attached.departures) {
                Some(departed) => numbers.extend(departed),
                None => after = 0,
            }
            let id = |number: &TrialId| attached.ids.get(number.index()).copied();
            let listed: Vec<i64> =
                numbers.iter().filter_map(id).filter(|id| *id <= after).collect();
            let loaded = attached.load(session, Which { after, listed: &listed })?;
            Ok((loaded, departures.count))
        });
        if let Some(attached) = &mut self.attached {
            // What could not be read is still to be read.
            attached.surprised = read.is_err();
            if let Ok((_, departures)) = &read {
                attached.departures = *departures;
            }
        }
        let (loaded, _) = read?;
        Ok(self.take(loaded))
    }

    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let expected = self.attached.as_ref().map(|attached| attached.departures);
        self.change(State::Paused, trial, expected, |_, _, _| Ok(None), |worker| worker)
    }

    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.worker = Some(Worker::new(worker, heartbeats));
    }

    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        let worker = self.worker.clone().filter(|worker| worker.heartbeats)?;
        Some(Box::new(SqlHeartbeat {
            place: self.database.place(),
            open: self.database.opener(),
            database: None,
            study: self.attached.as_ref()?.study,
            worker,
        }))
    }

    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        self.with(Access::Read, |session, attached, _| {
            workers::expired(session, attached.study, which)
        })
    }

    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        self.with(Access::Read, |session, attached, _| {
            workers::busy(session, attached.study, lease)
        })
    }

    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        let alive = |session: &mut dyn Session, open: &Open, _: Option<&Worker>| {
            Ok((!workers::is_expired(session, open.id, which)?).then_some(Change::OtherState))
        };
        self.change(State::Running, trial, None, alive, |_| None)
    }

    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        self.with(Access::Write, |session, attached, worker| {
            let Some(worker) = worker else { return Ok(()) };
            let mut ids = Vec::new();
            for number in trials {
                ids.extend(attached.id(session, *number)?);
            }
            workers::release(session, worker, &ids)
        })
    }
}

/// Why the study of another program is a study of something else: none of its finished trials fits the
/// space.
fn unfit(trials: &[Trial]) -> Option<String> {
    let finished = trials.iter().filter(|trial| trial.state == State::Failed);
    let first = finished.clone().find_map(|trial| Some((trial.number, trial.misfit()?)))?;
    let fits = trials.iter().any(|trial| trial.state.is_finished() && !trial.is_set_aside());
    (!fits).then(|| format!("no trial fits the space; of trial {} {}", first.0, first.1))
}

/// A study as stored in the database.
struct Found {
    study: i64,
    directions: Vec<Direction>,
    space: Option<Space>,
}

/// Finds or creates a study: its row id, its directions and its space.
fn open_study(
    session: &mut dyn Session,
    name: &str,
    directions: &[Direction],
    space: Option<&str>,
) -> Result<(i64, Vec<String>, Option<String>), Failure> {
    let insert = "INSERT INTO studies (study_name) VALUES (?1)
                  ON CONFLICT (study_name) DO NOTHING RETURNING study_id";
    let find = "SELECT study_id FROM studies WHERE study_name = ?1";
    let cells = [name.into()];
    let found = session.first(find, &cells, |row| row.int(0))?;
    let created = match found {
        Some(_) => None,
        None => session.first(insert, &cells, |row| row.int(0))?,
    };
    if let Some(study) = created {
        for (objective, direction) in directions.iter().enumerate() {
            session.execute(
                "INSERT INTO study_directions (direction, study_id, objective)
                 VALUES (?1, ?2, ?3)",
                &[
                    codec::direction_name(*direction).into(),
                    study.into(),
                    integer(objective as u64)?.into(),
                ],
            )?;
        }
        if let Some(space) = space {
            write::set_attribute(session, "study_user", study, SPACE, space)?;
        }
    }
    let study = match found.or(created) {
        Some(study) => study,
        // Another process was faster.
        None => session.number(find, &cells)?,
    };
    let mut names = Vec::new();
    let sql = "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    session.each(sql, &[study.into()], &mut |row| {
        names.extend(row.text(0)?);
        Ok(())
    })?;
    Ok((study, names, study_attribute(session, study, SPACE)?))
}

/// Sets an attribute of the study unless it has one, and returns its value.
fn insert_attribute(
    session: &mut dyn Session,
    study: i64,
    key: &str,
    text: &str,
) -> Result<String, Failure> {
    let table = study_table(key);
    let sql = format!(
        "INSERT INTO {table}_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)
         ON CONFLICT (study_id, key) DO NOTHING"
    );
    session.execute(&sql, &[study.into(), key.into(), text.into()])?;
    Ok(study_attribute(session, study, key)?.unwrap_or_else(|| text.to_owned()))
}

fn study_attribute(
    session: &mut dyn Session,
    study: i64,
    key: &str,
) -> Result<Option<String>, Failure> {
    let table = study_table(key);
    let sql = format!("SELECT value_json FROM {table}_attributes WHERE study_id = ?1 AND key = ?2");
    session.text(&sql, &[study.into(), key.into()])
}

/// The table of a study's attribute. Optuna's own, such as `study:metric_names`, are system
/// attributes.
fn study_table(key: &str) -> &'static str {
    if key.starts_with("study:") { "study_system" } else { "study_user" }
}
