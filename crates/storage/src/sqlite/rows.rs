//! Reading trials back from their rows.

use crate::codec;
use crate::distribution::difference;
use automl_space::{Choice, Config, Space};
use automl_study::{Report, State, Trial, attribute};
use rusqlite::{Connection, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// The prefix of the attribute that holds a report of several objectives.
pub(super) const REPORT: &str = "automl:report:";

/// A trial with its row id, as its rows are collected.
struct Draft {
    trial: Trial,
    state: String,
    fixed: Option<Value>,
}

/// The trials of a study from a number on, in order, with their row ids. `Err` holds a
/// database error, or words about rows that do not fit the space.
pub(super) fn load(
    connection: &Connection,
    study: i64,
    space: &Space,
    objectives: usize,
    from: u64,
) -> Result<std::result::Result<Vec<(i64, Trial)>, String>> {
    let mut drafts: BTreeMap<i64, Draft> = BTreeMap::new();
    let mut query = connection.prepare_cached(
        "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials
         WHERE study_id = ?1 AND number >= ?2 ORDER BY trial_id",
    )?;
    let mut rows = query.query((study, from))?;
    while let Some(row) = rows.next()? {
        let mut trial = Trial::waiting(row.get(1)?, Config::empty(space.len()));
        let time = |text: Option<String>| text.as_deref().and_then(codec::parse_datetime);
        trial.started = time(row.get(3)?);
        trial.finished = time(row.get(4)?);
        drafts.insert(row.get(0)?, Draft { trial, state: row.get(2)?, fixed: None });
    }
    let mut problem = None;
    // The distributions that a parameter was last found to fit: they seldom change.
    let mut fits: Vec<Option<String>> = vec![None; space.len()];
    let columns = "param_name, param_value, 0, distribution_json";
    each(connection, "trial_params", columns, study, from, |id, row| {
        let (name, value): (String, f64) = (row.get(1)?, row.get(2)?);
        let stored: Option<String> = row.get(4)?;
        let Some(draft) = drafts.get_mut(&id) else { return Ok(()) };
        let domain = |index: usize| space.params()[index].domain();
        let index = space.index_of(&name);
        let number = draft.trial.number;
        if let (Some(index), Some(stored)) = (index, stored)
            && fits[index].as_ref() != Some(&stored)
        {
            match difference(&stored, domain(index)) {
                None => fits[index] = Some(stored),
                Some(reason) => {
                    problem.get_or_insert(format!("trial {number} has for {name:?} {reason}"));
                    return Ok(());
                }
            }
        }
        match index.and_then(|index| Some((index, codec::value(domain(index), value)?))) {
            Some((index, value)) => draft.trial.config.set(index, Some(value)),
            None => {
                problem.get_or_insert(format!(
                    "trial {number} has the value {value} for {name:?}, which the space does not hold"
                ));
            }
        }
        Ok(())
    })?;
    let columns = "objective, value, 0, value_type";
    each(connection, "trial_values", columns, study, from, |id, row| {
        if let Some(draft) = drafts.get_mut(&id) {
            let kind: String = row.get(4)?;
            draft.trial.values.push(codec::parse_number(row.get(2)?, &kind));
        }
        Ok(())
    })?;
    let columns = "step, intermediate_value, 0, intermediate_value_type";
    each(connection, "trial_intermediate_values", columns, study, from, |id, row| {
        if let Some(draft) = drafts.get_mut(&id) {
            let kind: String = row.get(4)?;
            let first = codec::parse_number(row.get(2)?, &kind);
            let mut values = vec![f64::NAN; objectives];
            if let Some(slot) = values.first_mut() {
                *slot = first;
            }
            draft.trial.reports.push(Report { step: row.get(1)?, values });
        }
        Ok(())
    })?;
    let columns = "key, 0, 0, value_json";
    each(connection, "trial_user_attributes", columns, study, from, |id, row| {
        let (key, text): (String, String) = (row.get(1)?, row.get(4)?);
        let Some(draft) = drafts.get_mut(&id) else { return Ok(()) };
        let Some(json) = codec::parse_json(&text) else { return Ok(()) };
        let step = key.strip_prefix(REPORT).and_then(|step| step.parse::<u64>().ok());
        match (step, codec::parse_numbers(&json)) {
            (Some(step), Some(values)) => {
                if let Some(report) = draft.trial.reports.iter_mut().find(|r| r.step == step) {
                    report.values = values;
                }
            }
            _ => {
                draft.trial.attributes.insert(key, json);
            }
        }
        Ok(())
    })?;
    each(connection, "trial_system_attributes", columns, study, from, |id, row| {
        let (key, text): (String, String) = (row.get(1)?, row.get(4)?);
        let Some(draft) = drafts.get_mut(&id) else { return Ok(()) };
        match key.as_str() {
            "constraints" => draft.trial.constraints = codec::parse_constraints(&text),
            "fixed_params" => draft.fixed = codec::parse_json(&text),
            _ => {}
        }
        Ok(())
    })?;
    if let Some(problem) = problem {
        return Ok(Err(problem));
    }
    Ok(drafts.into_iter().map(|(id, draft)| Ok((id, finish(draft, space)?))).collect())
}

/// Runs a function on each row of one of the trials' tables: trial id and four columns.
fn each(
    connection: &Connection,
    table: &str,
    columns: &str,
    study: i64,
    from: u64,
    mut visit: impl FnMut(i64, &rusqlite::Row<'_>) -> Result<()>,
) -> Result<()> {
    let order = columns.split(',').next().unwrap_or("1");
    let mut query = connection.prepare_cached(&format!(
        "SELECT t.trial_id, {columns} FROM {table} t JOIN trials USING (trial_id)
         WHERE study_id = ?1 AND number >= ?2 ORDER BY t.trial_id, {order}"
    ))?;
    let mut rows = query.query((study, from))?;
    while let Some(row) = rows.next()? {
        visit(row.get(0)?, row)?;
    }
    Ok(())
}

/// Sets the state, and the configuration of a trial that only has fixed parameters.
///
/// Other programs fix some parameters only, or such as never come to be asked for. Names that the
/// space does not have, or that are inactive, are ignored, and what is missing gets its default
/// ([`Space::canonical`]), so that everyone who reads the trial sees the same configuration.
fn finish(draft: Draft, space: &Space) -> std::result::Result<Trial, String> {
    let Draft { mut trial, state, fixed } = draft;
    let number = trial.number;
    let paused = trial.attributes.remove(attribute::PAUSED).is_some();
    trial.state = codec::state(&state, paused)
        .ok_or_else(|| format!("trial {number} has the unknown state {state:?}"))?;
    if trial.state == State::Waiting
        && let Some(fixed) = fixed.as_ref().and_then(Value::as_object)
    {
        for (name, given) in fixed {
            let Some(index) = space.index_of(name) else { continue };
            let choice = serde_json::from_value::<Choice>(given.clone()).ok();
            let value = choice.and_then(|choice| space.params()[index].domain().value_of(&choice));
            let outside = || format!("the waiting trial {number} cannot have {given} for {name:?}");
            trial.config.set(index, Some(value.ok_or_else(outside)?));
        }
    }
    if trial.state == State::Waiting && space.check(&trial.config).is_err() {
        trial.config = space.canonical(&trial.config);
    }
    Ok(trial)
}
