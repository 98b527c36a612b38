//! Studies in a database with Optuna's schema: the common part of all databases.

mod attached;
mod change;
pub(crate) mod database;
mod departures;
pub(crate) mod record;
mod rows;
pub(crate) mod schema;
mod shared;
mod single;
mod studies;
mod watch;
pub(crate) mod whole;
mod workers;
mod write;

use attached::Attached;
use automl_study::{State, StoreError, Trial, TrialId};
use database::{Access, Added, Database, Failure, Session};
use rows::Loaded;
use studies::check_name;
use watch::Watch;
use workers::Worker;

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
    /// The heartbeats of other workers, as this handle sees them.
    watch: Watch,
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
        Ok(Self {
            database,
            name: study.to_owned(),
            study: None,
            attached: None,
            worker: None,
            watch: Watch::default(),
        })
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

    /// Remembers the trials that were read.
    fn take(&mut self, loaded: Loaded) -> Vec<Trial> {
        if let Some(attached) = &mut self.attached {
            for (id, trial) in &loaded.trials {
                attached.remember(trial.number, *id, trial.state);
                if trial.state == State::Running && loaded.settled.contains(id) {
                    attached.configs.insert(*id, trial.config.clone());
                } else {
                    attached.configs.remove(id);
                }
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
        if let Some(number) = expected
            && let Some(attached) = &self.attached
            && let worker = self.worker.as_ref()
            && let name = worker.map(|worker| worker.name.as_str())
            && let has_heartbeat = worker.is_some_and(|worker| worker.heartbeats)
            && let Some(new) = write::running(attached, (name, has_heartbeat), number, trial)
        {
            let added = self
                .database
                .add_running(&new)
                .map_err(|source| unavailable("write to", &self.database.place(), source))?;
            match added {
                Added::Row(id) => {
                    self.has_added(number, id, trial.state);
                    return Ok(Some(number));
                }
                Added::Overtaken => return Ok(None),
                Added::Unsupported => {}
            }
        }
        let added = self.with(Access::Write, |session, attached, worker| {
            let (number, id) = attached.next_number(session)?;
            if expected.is_some_and(|expected| expected != number) {
                return Ok(None);
            }
            write::insert(session, attached, (number, id), trial)?;
            workers::assign(session, id, None, trial.state, worker)?;
            Ok(Some((number, id)))
        })?;
        if let Some((number, id)) = added {
            self.has_added(number, id, trial.state);
        }
        Ok(added.map(|(number, _)| number))
    }

    /// Remembers a trial, once it is committed.
    fn has_added(&mut self, number: TrialId, id: i64, state: State) {
        if let Some(attached) = &mut self.attached
            && number == attached.ids.len() as u64
        {
            attached.remember(number, id, state);
        }
    }
}

fn unavailable(action: &'static str, place: &str, source: Failure) -> StoreError {
    StoreError::Unavailable { action, place: place.to_owned(), source }
}
