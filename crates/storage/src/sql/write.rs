//! Writing trials into their rows.

use super::Attached;
use super::database::{Cell, Failure, NewTrial, Session, integer};
use automl_optuna::codec;
use automl_optuna::constraints;
use automl_optuna::distribution::distribution;
use automl_optuna::draft::REPORT;
use automl_space::Space;
use automl_study::{Report, State, Trial, TrialId, attribute};
use serde_json::Value;
use std::collections::BTreeMap;

/// The rows of an unfinished trial.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: i64,
    pub(super) state: State,
    pub(super) has_heartbeat: bool,
    /// The number of its reports.
    pub(super) reports: u64,
    /// The texts of its attributes.
    pub(super) attributes: BTreeMap<String, String>,
}

/// A trial that cannot change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Closed {
    Unknown,
    Finished,
    Taken,
}

/// Locks and reads the row of an unfinished trial.
pub(super) fn open(
    session: &mut dyn Session,
    attached: &Attached,
    number: TrialId,
) -> Result<Result<Open, Closed>, Failure> {
    let Some(id) = attached.id(session, number)? else { return Ok(Err(Closed::Unknown)) };
    let lock = session.dialect().lock;
    if !lock.is_empty() {
        let sql = format!("SELECT trial_id FROM trials WHERE trial_id = ?1{lock}");
        session.execute(&sql, &[id.into()])?;
    }
    // Behind the lock, by a query of its own: what others wrote while it was theirs is seen.
    let mut found = None;
    let mut attributes = BTreeMap::new();
    let sql = "SELECT t.state, (SELECT COUNT(*) FROM trial_heartbeats WHERE trial_id = ?1),
                   (SELECT COUNT(*) FROM trial_intermediate_values WHERE trial_id = ?1),
                   a.key, a.value_json
               FROM trials t LEFT JOIN trial_user_attributes a ON a.trial_id = t.trial_id
               WHERE t.trial_id = ?1";
    session.each(sql, &[id.into()], &mut |row| {
        let heartbeat = row.int(1)? > 0;
        found = Some((row.text(0)?.unwrap_or_default(), heartbeat, row.int(2)?.unsigned_abs()));
        if let Some(key) = row.text(3)? {
            attributes.insert(key, row.text(4)?.unwrap_or_default());
        }
        Ok(())
    })?;
    let Some((name, has_heartbeat, reports)) = found else { return Ok(Err(Closed::Unknown)) };
    Ok(match codec::state(&name, attributes.contains_key(attribute::PAUSED)) {
        None => Err(Closed::Unknown),
        Some(state) if state.is_finished() => Err(Closed::Finished),
        Some(state) => Ok(Open { id, state, has_heartbeat, reports, attributes }),
    })
}

impl Open {
    /// Whether the trial has reports that its new owner has not read: it would go on from where it is no
    /// longer.
    pub(super) fn has_news(&self, trial: &Trial) -> bool {
        self.reports > trial.reports.len() as u64
    }
}

/// Adds a trial with all its data under a number and a row id.
pub(super) fn insert(
    session: &mut dyn Session,
    attached: &Attached,
    (number, id): (TrialId, i64),
    trial: &Trial,
) -> Result<(), Failure> {
    let sql = "INSERT INTO trials
               (trial_id, number, study_id, state, datetime_start, datetime_complete)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let [state, started, finished] = row(trial);
    let number = integer(number.0)?.into();
    session.execute(sql, &[id.into(), number, attached.study.into(), state, started, finished])?;
    let (state, attributes) = (State::Waiting, BTreeMap::new());
    let new = Open { id, state, has_heartbeat: false, reports: 0, attributes };
    content(session, attached, &new, trial)?;
    for report in &trial.reports {
        insert_report(session, id, report)?;
    }
    Ok(())
}

/// A trial that begins to run under a number, if nothing else is known of it.
pub(super) fn running<'a>(
    attached: &'a Attached,
    (worker, has_heartbeat): (Option<&str>, bool),
    number: TrialId,
    trial: &'a Trial,
) -> Option<NewTrial<'a>> {
    let is_plain =
        trial.state == State::Running && trial.reports.is_empty() && trial.constraints.is_empty();
    let beyond = number.0.checked_sub(attached.ids.len() as u64).filter(|_| is_plain)?;
    let [state, started, finished] = row(trial);
    let texts = trial.attributes.iter().map(|(key, value)| (key.as_str(), value.to_string()));
    let name = worker.map(|worker| (attribute::WORKER, worker.to_owned()));
    Some(NewTrial {
        study: attached.study,
        after: attached.last_id(),
        beyond: integer(beyond).ok()?,
        row: [integer(number.0).ok()?.into(), state, started, finished],
        params: params(&attached.space, trial),
        attributes: texts.filter(|(key, _)| *key != attribute::WORKER).chain(name).collect(),
        has_heartbeat,
    })
}

/// Names, values and distributions of a trial's parameters.
fn params<'a>(space: &'a Space, trial: &Trial) -> Vec<(&'a str, f64, String)> {
    let params = space.params().iter().zip(trial.config.values());
    let stored = params.filter_map(|(param, value)| {
        Some((param.name(), value?.as_f64(), distribution(param.domain())))
    });
    stored.collect()
}

/// Changes the state and all other data of a trial except its reports.
pub(super) fn update(
    session: &mut dyn Session,
    attached: &Attached,
    open: &Open,
    trial: &Trial,
) -> Result<(), Failure> {
    let sql = "UPDATE trials SET state = ?2, datetime_start = ?3, datetime_complete = ?4
               WHERE trial_id = ?1";
    let [state, started, finished] = row(trial);
    session.execute(sql, &[open.id.into(), state, started, finished])?;
    content(session, attached, open, trial)
}

/// State, start and end of a trial.
fn row(trial: &Trial) -> [Cell<'static>; 3] {
    let time = |time: Option<i64>| time.map_or(Cell::Null, Cell::Time);
    [codec::state_name(trial.state).into(), time(trial.started), time(trial.finished)]
}

/// Writes all data of a trial outside its own row, except its reports.
fn content(
    session: &mut dyn Session,
    attached: &Attached,
    open: &Open,
    trial: &Trial,
) -> Result<(), Failure> {
    let (id, space) = (open.id, &attached.space);
    if trial.state == State::Waiting {
        let fixed: serde_json::Map<String, Value> = space
            .describe(&trial.config)
            .map(|(name, choice)| (name.to_owned(), codec::literal(&choice)))
            .collect();
        let text = Value::Object(fixed).to_string();
        set_attribute(session, "trial_system", id, "fixed_params", &text)?;
    } else if open.state == State::Waiting {
        let params = params(space, trial);
        let rows: Vec<[Cell<'_>; 4]> = params
            .iter()
            .map(|(name, value, stored)| {
                [id.into(), (*name).into(), (*value).into(), stored.into()]
            })
            .collect();
        insert_rows(
            session,
            "trial_params (trial_id, param_name, param_value, distribution_json)",
            &rows,
            "ON CONFLICT (trial_id, param_name) DO NOTHING",
        )?;
    }
    if trial.state.is_finished() && !trial.values.iter().any(|v| v.is_nan()) {
        for (objective, value) in trial.values.iter().enumerate() {
            let (value, kind) = codec::number(*value);
            session.execute(
                "INSERT INTO trial_values (trial_id, objective, value, value_type)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (trial_id, objective)
                 DO UPDATE SET value = excluded.value, value_type = excluded.value_type",
                &[id.into(), integer(objective as u64)?.into(), value.into(), kind.into()],
            )?;
        }
    }
    if !trial.constraints.is_empty() {
        let names = &attached.constraint_names;
        for (key, text) in constraints::attributes(&trial.constraints, names) {
            set_attribute(session, "trial_system", id, &key, &text)?;
        }
        // Optuna would read both.
        let sql = "DELETE FROM trial_system_attributes WHERE trial_id = ?1 AND key = ?2";
        session.execute(sql, &[id.into(), constraints::LIST.into()])?;
    }
    let texts = trial.attributes.iter().map(|(key, value)| (key, value.to_string()));
    let changed: Vec<(&String, String)> =
        texts.filter(|(key, text)| open.attributes.get(*key) != Some(text)).collect();
    let rows: Vec<[Cell<'_>; 3]> =
        changed.iter().map(|(key, text)| [id.into(), (*key).into(), text.into()]).collect();
    insert_rows(
        session,
        "trial_user_attributes (trial_id, key, value_json)",
        &rows,
        "ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json",
    )?;
    let was_paused = open.attributes.contains_key(attribute::PAUSED);
    if trial.state == State::Paused {
        set_attribute(session, "trial_user", id, attribute::PAUSED, "true")?;
    } else if was_paused {
        let sql = "DELETE FROM trial_user_attributes WHERE trial_id = ?1 AND key = ?2";
        session.execute(sql, &[id.into(), attribute::PAUSED.into()])?;
    }
    Ok(())
}

/// The most rows of one statement, far below the limits of the databases on parameters.
const ROWS: usize = 64;

/// Inserts rows into a table with few statements: on the way to a server each one costs a journey.
fn insert_rows<const N: usize>(
    session: &mut dyn Session,
    table: &str,
    rows: &[[Cell<'_>; N]],
    conflict: &str,
) -> Result<(), Failure> {
    for rows in rows.chunks(ROWS) {
        let row = |index: usize| {
            let cells: Vec<String> = (1..=N).map(|cell| format!("?{}", N * index + cell)).collect();
            format!("({})", cells.join(", "))
        };
        let values: Vec<String> = (0..rows.len()).map(row).collect();
        let sql = format!("INSERT INTO {table} VALUES {} {conflict}", values.join(", "));
        session.execute(&sql, rows.as_flattened())?;
    }
    Ok(())
}

/// Adds a report, unless there is one of its fidelity.
pub(super) fn insert_report(
    session: &mut dyn Session,
    id: i64,
    report: &Report,
) -> Result<(), Failure> {
    let first = report.values.first().copied().unwrap_or(f64::NAN);
    let (value, kind) = codec::number(first);
    session.execute(
        "INSERT INTO trial_intermediate_values
         (trial_id, step, intermediate_value, intermediate_value_type)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (trial_id, step) DO NOTHING",
        &[id.into(), integer(report.fidelity.0)?.into(), value.into(), kind.into()],
    )?;
    if report.values.len() > 1 {
        let key = format!("{}{}", REPORT, report.fidelity);
        let text = codec::numbers(&report.values).to_string();
        set_attribute(session, "trial_user", id, &key, &text)?;
    }
    Ok(())
}

/// Sets an attribute in one of the four tables of attributes, which is named by its first words.
pub(super) fn set_attribute(
    session: &mut dyn Session,
    table: &str,
    id: i64,
    key: &str,
    text: &str,
) -> Result<(), Failure> {
    let owner = if table.starts_with("study") { "study_id" } else { "trial_id" };
    let sql = format!(
        "INSERT INTO {table}_attributes ({owner}, key, value_json) VALUES (?1, ?2, ?3)
         ON CONFLICT ({owner}, key) DO UPDATE SET value_json = excluded.value_json"
    );
    session.execute(&sql, &[id.into(), key.into(), text.into()])
}
