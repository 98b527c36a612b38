//! Whole studies of a journal: their rows for a database, rows as a study, and removal.

use super::operation::Writer;
use super::replay::STATES;
use super::state::Journal;
use super::{direction, now};
use crate::sql::whole::{LEASE, Owned, Rows, Value};
use automl_optuna::codec;
use automl_optuna::draft::HEARTBEAT;
use automl_optuna::python::{self, number, numbers, object, time};
use automl_study::{StoreError, attribute};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The rows of attributes: without heartbeats, and with the mark of a pause only where there is one.
fn attributes(owner: i64, map: &BTreeMap<String, Json>) -> Owned {
    let ends = |key: &str, value: &Json| key == attribute::PAUSED && *value == Json::Bool(false);
    let kept = map.iter().filter(|(key, value)| *key != HEARTBEAT && !ends(key, value));
    kept.map(|(key, value)| (owner, vec![text(key), text(&python::attribute(value))])).collect()
}

fn numbered(owner: i64, at: u64, x: f64) -> (i64, Vec<Value>) {
    let (value, kind) = codec::number(x);
    (owner, vec![Value::Int(at as i64), value.map_or(Value::Null, Value::Float), text(kind)])
}

/// All rows of a study; none where it does not exist.
pub(crate) fn rows(path: &Path, name: &str) -> Result<Rows, StoreError> {
    let replay = Journal::open_to_read(path)?.replay;
    let mut found = Rows { study: Vec::new(), trials: Vec::new(), of_trials: vec![Vec::new(); 5] };
    let Some(study) = replay.find(name).map(|id| &replay.studies[id]) else { return Ok(found) };
    let directions = study.directions.iter().map(|number| codec::direction_name(direction(number)));
    let directions =
        directions.enumerate().map(|(at, d)| (0, vec![Value::Int(at as i64), text(d)]));
    found.study =
        vec![directions.collect(), attributes(0, &study.user), attributes(0, &study.system)];
    for id in &study.trials {
        let (row, id) = (&replay.trials[*id], *id as i64);
        let time = |micros: Option<i64>| micros.map_or(Value::Null, Value::Time);
        let (number, state) = (Value::Int(row.number as i64), text(STATES[row.state.min(4)]));
        found.trials.push((id, vec![number, state, time(row.started), time(row.finished)]));
        let params = row.params.iter();
        let params = params.map(|(name, (x, d))| (id, vec![text(name), Value::Float(*x), text(d)]));
        let values = row.values.iter().zip(0..).map(|(x, at)| numbered(id, at, *x));
        let reports = row.reports.iter().map(|(step, x)| numbered(id, *step, *x));
        let (user, system) = (attributes(id, &row.user), attributes(id, &row.system));
        let tables = [user, system, params.collect(), values.collect(), reports.collect()];
        found.of_trials.iter_mut().zip(tables).for_each(|(all, own)| all.extend(own));
    }
    Ok(found)
}

/// Writes a study of this name; `false` where there is one already.
pub(crate) fn write(path: &Path, name: &str, rows: &Rows) -> Result<bool, StoreError> {
    Journal::open(path)?.change(|replay, writer| match replay.find(name) {
        Some(_) => (false, Vec::new()),
        None => (true, operations(writer, replay.studies.len(), name, rows)),
    })
}

/// The operations that make a study with this id.
fn operations(writer: &Writer, id: usize, name: &str, rows: &Rows) -> Vec<String> {
    let none = Vec::new();
    let of_study = |table: usize| rows.study.get(table).unwrap_or(&none).iter().map(|(_, row)| row);
    let directions = of_study(0).map(|row| 1 + u64::from(row[1].text() == "MAXIMIZE"));
    let mut lines = vec![writer.create_study(name, &directions.collect::<Vec<_>>())];
    for (table, is_system) in [(1, false), (2, true)] {
        lines.extend(of_study(table).map(|row| {
            writer.attribute_of_study(
                id,
                is_system,
                row[0].text(),
                &python::one_line(row[1].text()),
            )
        }));
    }
    let mut owned: BTreeMap<(i64, usize), Vec<&[Value]>> = BTreeMap::new();
    for (table, rows) in rows.of_trials.iter().enumerate() {
        rows.iter().for_each(|(trial, row)| owned.entry((*trial, table)).or_default().push(row));
    }
    // A journal numbers the trials of a study in the order of their lines.
    let mut trials: Vec<&(i64, Vec<Value>)> = rows.trials.iter().collect();
    trials.sort_by_key(|(_, row)| row[0].int());
    lines.extend(trials.into_iter().map(|(trial, row)| {
        let of = |table: usize| owned.get(&(*trial, table)).into_iter().flatten();
        let attributes =
            |table| object(of(table).map(|r| (r[0].text(), python::one_line(r[1].text()))));
        let state = STATES.iter().position(|known| *known == row[1].text()).unwrap_or(0);
        let values: Vec<f64> = of(3).map(|row| row[1].number(row[2].text())).collect();
        let reports = of(4).map(|r| (r[0].int().to_string(), number(r[1].number(r[2].text()))));
        let parts = [
            ("datetime_start", time(row[2].time())),
            ("state", state.to_string()),
            ("values", if values.is_empty() { "null".to_owned() } else { numbers(&values) }),
            ("distributions", object(of(2).map(|r| (r[0].text(), python::text(r[2].text()))))),
            ("params", object(of(2).map(|r| (r[0].text(), number(r[1].number("FINITE")))))),
            ("user_attrs", attributes(0)),
            ("system_attrs", attributes(1)),
            ("intermediate_values", object(reports)),
        ];
        let finished = row[3].time().map(|at| ("datetime_complete", time(Some(at))));
        writer.trial(id, parts.into_iter().chain(finished))
    }));
    lines
}

/// Removes a study; returns the number of its trials, or as an error that of running trials with a fresh
/// heartbeat.
pub(crate) fn delete(path: &Path, name: &str) -> Result<Result<u64, u64>, StoreError> {
    Journal::open(path)?.change(|replay, writer| {
        let Some(study) = replay.find(name) else { return (Ok(0), Vec::new()) };
        let trials = &replay.studies[study].trials;
        let is_busy = |id: &&usize| {
            let row = &replay.trials[**id];
            let beat = row.user.get(HEARTBEAT).and_then(Json::as_f64);
            row.state == 0 && beat.is_some_and(|beat| now() - beat < LEASE as f64)
        };
        match trials.iter().filter(is_busy).count() as u64 {
            0 => (Ok(trials.len() as u64), vec![writer.delete_study(study)]),
            busy => (Err(busy), Vec::new()),
        }
    })
}
