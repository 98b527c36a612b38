//! Studies in an SQLite database, in Optuna's schema.

mod rows;
mod schema;

use crate::codec;
use crate::compare::difference;
use crate::distribution::{distribution, is_exact};
use automl_space::Space;
use automl_study::{Direction, Report, State, Storage, StoreError, Trial, attribute};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The study's attribute that holds its space.
const SPACE: &str = "automl:space";

/// A study in an SQLite database.
///
/// Each call is one transaction in write-ahead mode with `synchronous = NORMAL`: a process that is
/// killed at any moment loses nothing that a call has acknowledged, and a power cut at most the
/// last moments, never the database.
#[derive(Debug)]
pub struct SqliteStorage {
    path: PathBuf,
    name: String,
    connection: Connection,
    attached: Option<Attached>,
}

/// What is known once the study is open.
#[derive(Debug)]
struct Attached {
    study: i64,
    space: Space,
    objectives: usize,
    /// Row ids by trial number.
    ids: HashMap<u64, i64>,
    /// The last trial that is known.
    last: Option<u64>,
}

impl Attached {
    fn remember(&mut self, number: u64, id: i64) {
        self.ids.insert(number, id);
        self.last = self.last.max(Some(number));
    }

    /// The number that the next trial gets: how many there are. Only rows behind the last known one
    /// are counted.
    fn next_number(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let last = self.last.and_then(|number| Some((number, *self.ids.get(&number)?)));
        let (known, id) = last.map_or((0, 0), |(number, id)| (number + 1, id));
        let more: u64 = connection
            .prepare_cached("SELECT COUNT(*) FROM trials WHERE study_id = ?1 AND trial_id > ?2")?
            .query_row((self.study, id), |row| row.get(0))?;
        Ok(known + more)
    }
}

/// One study of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudySummary {
    /// Its name.
    pub name: String,
    /// The number of its trials.
    pub trials: u64,
    /// How many of them are complete.
    pub complete: u64,
}

/// The studies of a database, by name.
///
/// # Errors
/// [`StoreError::Unavailable`] if the file cannot be read or is no database of studies.
pub fn studies(path: impl AsRef<Path>) -> Result<Vec<StudySummary>, StoreError> {
    let path = path.as_ref();
    let read = || -> rusqlite::Result<Vec<StudySummary>> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = connection.prepare(
            "SELECT study_name, COUNT(trial_id), COUNT(CASE state WHEN 'COMPLETE' THEN 1 END)
             FROM studies LEFT JOIN trials USING (study_id) GROUP BY study_id ORDER BY study_name",
        )?;
        let rows = query.query_map((), |row| {
            Ok(StudySummary { name: row.get(0)?, trials: row.get(1)?, complete: row.get(2)? })
        })?;
        rows.collect()
    };
    read().map_err(|e| unavailable("read", path, e))
}

fn unavailable(action: &'static str, path: &Path, source: rusqlite::Error) -> StoreError {
    StoreError::Unavailable { action, place: path.display().to_string(), source: source.into() }
}

impl SqliteStorage {
    /// Opens the database, or creates it, for the study of this name. The study itself is created
    /// when it is attached.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be opened or is no database of this schema's revision.
    pub fn open(path: impl AsRef<Path>, study: &str) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = || -> rusqlite::Result<(Connection, Option<String>)> {
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(Duration::from_secs(30))?;
            connection.set_prepared_statement_cache_capacity(64);
            let _mode: String =
                connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
            connection.execute_batch("PRAGMA synchronous = NORMAL")?;
            let revision = prepare(&mut connection)?;
            Ok((connection, revision))
        };
        let (connection, revision) = open().map_err(|e| unavailable("open", path, e))?;
        if revision.as_deref() != Some(schema::REVISION) {
            let found = revision.map_or("no revision".to_owned(), |r| format!("revision {r:?}"));
            return Err(StoreError::Mismatch {
                study: study.to_owned(),
                place: path.display().to_string(),
                reason: format!("the database has {found}, not {:?}", schema::REVISION),
            });
        }
        Ok(Self { path: path.to_owned(), name: study.to_owned(), connection, attached: None })
    }

    /// Limits the database to this many pages of 4 KiB, for stores with a quota: a write beyond
    /// it fails as on a full disk, and what was recorded stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the limit cannot be set.
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), StoreError> {
        let sql = format!("PRAGMA max_page_count = {pages}");
        let set = self.connection.query_row(&sql, (), |_| Ok(()));
        set.map_err(|e| unavailable("limit", &self.path, e))
    }

    fn mismatch(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Mismatch {
            study: self.name.clone(),
            place: self.path.display().to_string(),
            reason: reason.into(),
        }
    }

    /// Runs one writing transaction on the attached study.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Attached) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let path = &self.path;
        let failed = |e| unavailable("write to", path, e);
        let Some(attached) = &mut self.attached else {
            return Err(StoreError::Mismatch {
                study: self.name.clone(),
                place: path.display().to_string(),
                reason: "it is not attached yet".into(),
            });
        };
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let result = work(&transaction, attached).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(result)
    }

    /// Reads trials and remembers their row ids.
    fn read(&mut self, from: u64) -> Result<Vec<Trial>, StoreError> {
        let Some(attached) = &mut self.attached else {
            return Err(self.mismatch("it is not attached yet"));
        };
        let (study, objectives) = (attached.study, attached.objectives);
        let loaded = rows::load(&self.connection, study, &attached.space, objectives, from)
            .map_err(|e| unavailable("read", &self.path, e))?;
        match loaded {
            Ok(trials) => Ok(trials
                .into_iter()
                .map(|(id, trial)| {
                    attached.remember(trial.number, id);
                    trial
                })
                .collect()),
            Err(reason) => Err(self.mismatch(reason)),
        }
    }
}

/// Creates the tables in an empty database; the revision that it has then.
fn prepare(connection: &mut Connection) -> rusqlite::Result<Option<String>> {
    let exists = |connection: &Connection, table: &str| {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
        connection.query_row(sql, [table], |_| Ok(())).optional().map(|row| row.is_some())
    };
    if !exists(connection, "studies")? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !exists(&transaction, "studies")? {
            transaction.execute_batch(schema::CREATE)?;
        }
        transaction.commit()?;
    }
    if !exists(connection, "alembic_version")? {
        return Ok(None);
    }
    let sql = "SELECT version_num FROM alembic_version";
    connection.query_row(sql, (), |row| row.get(0)).optional()
}

impl Storage for SqliteStorage {
    fn attach(
        &mut self,
        space: &Space,
        directions: &[Direction],
    ) -> Result<Vec<Trial>, StoreError> {
        if let Some(param) = space.params().iter().find(|param| !is_exact(param.domain())) {
            let name = param.name();
            let reason = "has integers beyond 2^53, which the database cannot tell apart";
            return Err(self.mismatch(format!("the parameter {name:?} {reason}")));
        }
        let json = serde_json::to_string(space).unwrap_or_default();
        let name = self.name.clone();
        let mut open = || -> rusqlite::Result<(i64, Vec<String>, Option<String>)> {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let find = "SELECT study_id FROM studies WHERE study_name = ?1";
            let found = transaction.query_row(find, [&name], |row| row.get(0)).optional()?;
            let study: i64 = match found {
                Some(study) => study,
                None => {
                    transaction.execute("INSERT INTO studies (study_name) VALUES (?1)", [&name])?;
                    let study = transaction.last_insert_rowid();
                    for (objective, direction) in directions.iter().enumerate() {
                        transaction.execute(
                            "INSERT INTO study_directions (direction, study_id, objective)
                             VALUES (?1, ?2, ?3)",
                            (codec::direction_name(*direction), study, objective as i64),
                        )?;
                    }
                    set_study_attribute(&transaction, study, SPACE, &json)?;
                    study
                }
            };
            let directions = {
                let mut query = transaction.prepare(
                    "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective",
                )?;
                let rows = query.query_map([study], |row| row.get(0))?;
                rows.collect::<rusqlite::Result<Vec<String>>>()?
            };
            let stored = study_attribute(&transaction, study, SPACE)?;
            transaction.commit()?;
            Ok((study, directions, stored))
        };
        let opened = open();
        let (study, names, stored) = opened.map_err(|e| unavailable("open", &self.path, e))?;
        let is_foreign = stored.is_none();
        let known: Vec<Direction> = names.iter().filter_map(|n| codec::direction(n)).collect();
        let old = stored
            .and_then(|text| codec::parse_json(&text))
            .map(|json| Space::from_json(&json))
            .transpose()
            .map_err(|e| self.mismatch(format!("its stored space cannot be read: {e}")))?;
        if let Some(reason) = difference((old.as_ref(), &known), (space, directions)) {
            return Err(self.mismatch(reason));
        }
        self.attached = Some(Attached {
            study,
            space: space.clone(),
            objectives: directions.len(),
            ids: HashMap::new(),
            last: None,
        });
        let trials = self.read(0)?;
        if is_foreign {
            // A study that another program created becomes ours too, once everything fits.
            self.write(|transaction, attached| {
                set_study_attribute(transaction, attached.study, SPACE, &json)
            })?;
        }
        Ok(trials)
    }

    fn trials_from(&mut self, number: u64) -> Result<Vec<Trial>, StoreError> {
        self.read(number)
    }

    fn create(&mut self, trial: &Trial) -> Result<u64, StoreError> {
        let (number, id) = self.write(|transaction, attached| {
            let number = attached.next_number(transaction)?;
            transaction
                .prepare_cached("INSERT INTO trials (number, study_id, state) VALUES (?1, ?2, ?3)")?
                .execute((number, attached.study, codec::state_name(trial.state)))?;
            let id = transaction.last_insert_rowid();
            write_trial(transaction, attached, id, trial)?;
            for report in &trial.reports {
                write_report(transaction, id, report)?;
            }
            Ok((number, id))
        })?;
        // Only what is committed is known.
        if let Some(attached) = &mut self.attached {
            attached.remember(number, id);
        }
        Ok(number)
    }

    fn report(&mut self, number: u64, report: &Report) -> Result<(), StoreError> {
        let open = self.write(|transaction, attached| {
            Ok(match open_row(transaction, attached, number)? {
                Ok((id, _)) => {
                    write_report(transaction, id, report)?;
                    Ok(())
                }
                Err(closed) => Err(closed),
            })
        })?;
        open.map_err(|closed| closed.error(number))
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let number = trial.number;
        let moved = self.write(|transaction, attached| {
            Ok(match open_row(transaction, attached, number)? {
                Ok((id, state)) if state == from => {
                    transaction
                        .prepare_cached("UPDATE trials SET state = ?2 WHERE trial_id = ?1")?
                        .execute((id, codec::state_name(trial.state)))?;
                    write_trial(transaction, attached, id, trial)?;
                    Ok(true)
                }
                Ok(_) => Ok(false),
                Err(closed) => Err(closed),
            })
        })?;
        moved.map_err(|closed| closed.error(number))
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        let Some(attached) = &self.attached else {
            return Err(self.mismatch("it is not attached yet"));
        };
        let text = study_attribute(&self.connection, attached.study, key)
            .map_err(|e| unavailable("read", &self.path, e))?;
        Ok(text.as_deref().and_then(codec::parse_json))
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        let text = value.to_string();
        self.write(|transaction, attached| {
            set_study_attribute(transaction, attached.study, key, &text)
        })
    }
}

/// Why a trial cannot change.
#[derive(Clone, Copy, Debug)]
enum Closed {
    Unknown,
    Finished,
}

impl Closed {
    fn error(self, number: u64) -> StoreError {
        match self {
            Self::Unknown => StoreError::Unknown { number },
            Self::Finished => StoreError::Finished { number },
        }
    }
}

/// The row id and the state of an unfinished trial.
fn open_row(
    connection: &Connection,
    attached: &mut Attached,
    number: u64,
) -> rusqlite::Result<Result<(i64, State), Closed>> {
    let id = match attached.ids.get(&number) {
        Some(id) => Some(*id),
        None => connection
            .prepare_cached("SELECT trial_id FROM trials WHERE study_id = ?1 AND number = ?2")?
            .query_row((attached.study, number), |row| row.get(0))
            .optional()?,
    };
    let Some(id) = id else { return Ok(Err(Closed::Unknown)) };
    attached.remember(number, id);
    let row: Option<(String, bool)> = connection
        .prepare_cached(
            "SELECT state, EXISTS (SELECT 1 FROM trial_user_attributes
                                   WHERE trial_id = ?1 AND key = ?2)
             FROM trials WHERE trial_id = ?1",
        )?
        .query_row((id, attribute::PAUSED), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match row.and_then(|(name, paused)| codec::state(&name, paused)) {
        None => Err(Closed::Unknown),
        Some(state) if state.is_finished() => Err(Closed::Finished),
        Some(state) => Ok((id, state)),
    })
}

/// Writes everything of a trial but its number, state and reports.
fn write_trial(
    connection: &Connection,
    attached: &Attached,
    id: i64,
    trial: &Trial,
) -> rusqlite::Result<()> {
    let space = &attached.space;
    connection
        .prepare_cached(
            "UPDATE trials SET datetime_start = ?2, datetime_complete = ?3 WHERE trial_id = ?1",
        )?
        .execute((
            id,
            trial.started.and_then(codec::datetime),
            trial.finished.and_then(codec::datetime),
        ))?;
    if trial.state == State::Waiting {
        let fixed: serde_json::Map<String, Value> = space
            .describe(&trial.config)
            .map(|(name, choice)| (name.to_owned(), codec::literal(&choice)))
            .collect();
        let text = Value::Object(fixed).to_string();
        set_trial_attribute(connection, "system", id, "fixed_params", &text)?;
    } else {
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO trial_params
             (trial_id, param_name, param_value, distribution_json) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (param, value) in space.params().iter().zip(trial.config.values()) {
            if let Some(value) = value {
                let distribution = distribution(param.domain());
                insert.execute((id, param.name(), value.as_f64(), distribution))?;
            }
        }
    }
    if trial.state.is_finished() && !trial.values.iter().any(|v| v.is_nan()) {
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO trial_values (trial_id, objective, value, value_type)
             VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (objective, value) in trial.values.iter().enumerate() {
            let (value, kind) = codec::number(*value);
            insert.execute((id, objective as i64, value, kind))?;
        }
    }
    if !trial.constraints.is_empty() {
        let text = codec::constraints(&trial.constraints);
        set_trial_attribute(connection, "system", id, "constraints", &text)?;
    }
    for (key, value) in &trial.attributes {
        set_trial_attribute(connection, "user", id, key, &value.to_string())?;
    }
    if trial.state == State::Paused {
        set_trial_attribute(connection, "user", id, attribute::PAUSED, "true")
    } else {
        connection
            .prepare_cached("DELETE FROM trial_user_attributes WHERE trial_id = ?1 AND key = ?2")?
            .execute((id, attribute::PAUSED))
            .map(drop)
    }
}

fn write_report(connection: &Connection, id: i64, report: &Report) -> rusqlite::Result<()> {
    let first = report.values.first().copied().unwrap_or(f64::NAN);
    let (value, kind) = codec::number(first);
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO trial_intermediate_values
             (trial_id, step, intermediate_value, intermediate_value_type)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((id, report.step, value, kind))?;
    if report.values.len() > 1 {
        let key = format!("{}{}", rows::REPORT, report.step);
        let text = codec::numbers(&report.values).to_string();
        set_trial_attribute(connection, "user", id, &key, &text)?;
    }
    Ok(())
}

fn set_trial_attribute(
    connection: &Connection,
    kind: &str,
    id: i64,
    key: &str,
    text: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO trial_{kind}_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
             ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json"
        ))?
        .execute((id, key, text))
        .map(drop)
}

fn study_attribute(
    connection: &Connection,
    study: i64,
    key: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT value_json FROM study_user_attributes WHERE study_id = ?1 AND key = ?2",
        )?
        .query_row((study, key), |row| row.get(0))
        .optional()
}

fn set_study_attribute(
    connection: &Connection,
    study: i64,
    key: &str,
    text: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)
             ON CONFLICT (study_id, key) DO UPDATE SET value_json = excluded.value_json",
        )?
        .execute((study, key, text))
        .map(drop)
}
