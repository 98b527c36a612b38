//! All rows of a study: read, written under another name, removed.

use super::database::{Cell, Failure, Row, Session};
use automl_optuna::codec;
use std::collections::HashMap;

/// Seconds after which a heartbeat is old: three intervals.
pub(crate) const LEASE: i64 = 180;

/// The type of a column.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Int,
    Float,
    Text,
    Time,
}

/// A value of a column.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    Time(i64),
}

impl Value {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(x) => Cell::Int(*x),
            Self::Float(x) => Cell::Float(*x),
            Self::Text(text) => Cell::Text(text),
            Self::Time(time) => Cell::Time(*time),
        }
    }

    /// The text; empty for any other value.
    pub(crate) fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The integer; 0 for any other value.
    pub(crate) fn int(&self) -> i64 {
        if let Self::Int(x) = self { *x } else { 0 }
    }

    /// The time; `None` for any other value.
    pub(crate) fn time(&self) -> Option<i64> {
        if let Self::Time(time) = self { Some(*time) } else { None }
    }

    /// The number of a column with its kind in another one.
    pub(crate) fn number(&self, kind: &str) -> f64 {
        let value = if let Self::Float(x) = self { Some(*x) } else { None };
        codec::parse_number(value, kind)
    }
}

/// A table of rows that belong to a study or to a trial.
#[derive(Debug)]
struct Table {
    name: &'static str,
    /// The column that counts its rows in the order in which they were written.
    id: &'static str,
    columns: &'static [(&'static str, Kind)],
}

const ATTRIBUTE: &[(&str, Kind)] = &[("key", Kind::Text), ("value_json", Kind::Text)];

/// The tables with a `study_id`, without the trials.
const OF_STUDY: [Table; 3] = [
    Table {
        name: "study_directions",
        id: "study_direction_id",
        columns: &[("objective", Kind::Int), ("direction", Kind::Text)],
    },
    Table { name: "study_user_attributes", id: "study_user_attribute_id", columns: ATTRIBUTE },
    Table { name: "study_system_attributes", id: "study_system_attribute_id", columns: ATTRIBUTE },
];

const TRIALS: Table = Table {
    name: "trials",
    id: "trial_id",
    columns: &[
        ("number", Kind::Int),
        ("state", Kind::Text),
        ("datetime_start", Kind::Time),
        ("datetime_complete", Kind::Time),
    ],
};

/// The tables with a `trial_id`, without the heartbeats.
const OF_TRIAL: [Table; 5] = [
    Table { name: "trial_user_attributes", id: "trial_user_attribute_id", columns: ATTRIBUTE },
    Table { name: "trial_system_attributes", id: "trial_system_attribute_id", columns: ATTRIBUTE },
    Table {
        name: "trial_params",
        id: "param_id",
        columns: &[
            ("param_name", Kind::Text),
            ("param_value", Kind::Float),
            ("distribution_json", Kind::Text),
        ],
    },
    Table {
        name: "trial_values",
        id: "trial_value_id",
        columns: &[("objective", Kind::Int), ("value", Kind::Float), ("value_type", Kind::Text)],
    },
    Table {
        name: "trial_intermediate_values",
        id: "trial_intermediate_value_id",
        columns: &[
            ("step", Kind::Int),
            ("intermediate_value", Kind::Float),
            ("intermediate_value_type", Kind::Text),
        ],
    },
];

/// The rows of a table with the owners' ids.
pub(crate) type Owned = Vec<(i64, Vec<Value>)>;

/// The rows of a study.
#[derive(Debug)]
pub(crate) struct Rows {
    /// As in [`OF_STUDY`].
    pub(crate) study: Vec<Owned>,
    pub(crate) trials: Owned,
    /// As in [`OF_TRIAL`].
    pub(crate) of_trials: Vec<Owned>,
}

impl Rows {
    pub(crate) fn trials(&self) -> u64 {
        self.trials.len() as u64
    }
}

fn id(session: &mut dyn Session, study: &str) -> Result<Option<i64>, Failure> {
    let sql = "SELECT study_id FROM studies WHERE study_name = ?1";
    session.first(sql, &[study.into()], |row| row.int(0))
}

/// Reads all rows of a study.
pub(crate) fn read(session: &mut dyn Session, study: &str) -> Result<Rows, Failure> {
    let id = id(session, study)?.ok_or("the study was deleted")?;
    let of_study = OF_STUDY.iter().map(|table| {
        let columns = names(table).join(", ");
        let sql = format!(
            "SELECT study_id, {columns} FROM {} WHERE study_id = ?1 ORDER BY {}",
            table.name, table.id
        );
        select(session, &sql, id, table)
    });
    let of_study = of_study.collect::<Result<_, _>>()?;
    let columns = names(&TRIALS).join(", ");
    let sql =
        format!("SELECT trial_id, {columns} FROM trials WHERE study_id = ?1 ORDER BY trial_id");
    let trials = select(session, &sql, id, &TRIALS)?;
    let of_trials = OF_TRIAL.iter().map(|table| {
        let (name, own) = (table.name, table.id);
        let columns: Vec<String> =
            names(table).into_iter().map(|column| format!("x.{column}")).collect();
        let columns = columns.join(", ");
        let sql = format!(
            "SELECT x.trial_id, {columns} FROM {name} x
             JOIN trials t ON t.trial_id = x.trial_id WHERE t.study_id = ?1 ORDER BY x.trial_id, x.{own}"
        );
        select(session, &sql, id, table)
    });
    Ok(Rows { study: of_study, trials, of_trials: of_trials.collect::<Result<_, _>>()? })
}

fn names(table: &Table) -> Vec<&'static str> {
    table.columns.iter().map(|(name, _)| *name).collect()
}

fn select(session: &mut dyn Session, sql: &str, id: i64, table: &Table) -> Result<Owned, Failure> {
    let mut rows = Owned::new();
    session.each(sql, &[id.into()], &mut |row| {
        let cells = table.columns.iter().enumerate();
        let cells = cells.map(|(at, (_, kind))| value(row, at + 1, *kind));
        rows.push((row.int(0)?, cells.collect::<Result<_, _>>()?));
        Ok(())
    })?;
    Ok(rows)
}

fn value(row: &dyn Row, column: usize, kind: Kind) -> Result<Value, Failure> {
    Ok(match kind {
        Kind::Int => Value::Int(row.int(column)?),
        Kind::Float => row.float(column)?.map_or(Value::Null, Value::Float),
        Kind::Text => row.text(column)?.map_or(Value::Null, Value::Text),
        Kind::Time => row.time(column)?.map_or(Value::Null, Value::Time),
    })
}

/// Writes a study of this name; `false` where there is one already.
pub(crate) fn write(session: &mut dyn Session, name: &str, rows: &Rows) -> Result<bool, Failure> {
    if id(session, name)?.is_some() {
        return Ok(false);
    }
    let sql = "INSERT INTO studies (study_name) VALUES (?1) RETURNING study_id";
    let study = session.number(sql, &[name.into()])?;
    for (table, rows) in OF_STUDY.iter().zip(&rows.study) {
        for (_, values) in rows {
            insert(session, table, "study_id", study, values)?;
        }
    }
    let mut ids = HashMap::new();
    for (old, values) in &rows.trials {
        ids.insert(*old, insert(session, &TRIALS, "study_id", study, values)?);
    }
    for (table, rows) in OF_TRIAL.iter().zip(&rows.of_trials) {
        for (old, values) in rows {
            if let Some(new) = ids.get(old) {
                insert(session, table, "trial_id", *new, values)?;
            }
        }
    }
    Ok(true)
}

/// Adds a row; returns the owner's id or, of a trial, that of the row.
fn insert(
    session: &mut dyn Session,
    table: &Table,
    owner: &str,
    id: i64,
    values: &[Value],
) -> Result<i64, Failure> {
    let places: Vec<String> = (0..=values.len()).map(|at| format!("?{}", at + 1)).collect();
    let is_trial = table.name == TRIALS.name;
    let key = if is_trial { "trial_id" } else { owner };
    let sql = format!(
        "INSERT INTO {} ({owner}, {}) VALUES ({}) RETURNING {key}",
        table.name,
        names(table).join(", "),
        places.join(", ")
    );
    let cells: Vec<Cell<'_>> =
        std::iter::once(id.into()).chain(values.iter().map(Value::cell)).collect();
    session.number(&sql, &cells)
}

/// Removes a study; returns the number of its trials, or as an error that of running trials with a fresh
/// heartbeat.
pub(crate) fn delete(session: &mut dyn Session, study: &str) -> Result<Result<u64, u64>, Failure> {
    let id = id(session, study)?.ok_or("the study was deleted")?;
    let age = session.dialect().age;
    let sql = format!(
        "SELECT COUNT(*) FROM trial_heartbeats h JOIN trials t ON t.trial_id = h.trial_id
         WHERE t.study_id = ?1 AND t.state = 'RUNNING' AND {age} < {LEASE}"
    );
    let busy = session.number(&sql, &[id.into()])?;
    if busy > 0 {
        return Ok(Err(busy.unsigned_abs()));
    }
    let heartbeats = std::iter::once("trial_heartbeats");
    for table in OF_TRIAL.iter().map(|table| table.name).chain(heartbeats) {
        let sql = format!(
            "DELETE FROM {table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?1)"
        );
        session.execute(&sql, &[id.into()])?;
    }
    let sql = "SELECT COUNT(*) FROM trials WHERE study_id = ?1";
    let trials = session.number(sql, &[id.into()])?.unsigned_abs();
    session.execute("DELETE FROM trials WHERE study_id = ?1", &[id.into()])?;
    for table in OF_STUDY.iter().map(|table| table.name).chain(["studies"]) {
        session.execute(&format!("DELETE FROM {table} WHERE study_id = ?1"), &[id.into()])?;
    }
    Ok(Ok(trials))
}
