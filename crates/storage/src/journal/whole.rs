//! Whole studies of a journal: their rows for a database, and their removal.

use super::replay::STATES;
use super::state::Journal;
use super::{direction, now};
use crate::sql::whole::{LEASE, Owned, Rows, Value};
use automl_optuna::codec;
use automl_optuna::draft::HEARTBEAT;
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
    kept.map(|(key, value)| (owner, vec![text(key), text(&value.to_string())])).collect()
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
