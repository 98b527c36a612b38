//! Reading trials back from their rows.

use super::constraints::Constraints;
use super::database::{Cell, Failure, Row, Session};
use crate::codec;
use crate::distribution::difference;
use automl_space::{Choice, Config, Domain, Space};
use automl_study::{Fidelity, Report, State, Trial, attribute};
use serde_json::Value;
use std::collections::BTreeMap;

/// The prefix of the attribute that holds a report of several objectives.
pub(super) const REPORT: &str = "automl:report:";

/// A trial with its row id, while its rows are collected.
pub(super) struct Draft {
    pub(super) trial: Trial,
    pub(super) state: String,
    pub(super) fixed: Option<Value>,
    pub(super) constraints: Constraints,
    /// The first thing of another program that the space does not hold.
    pub(super) misfit: Option<String>,
}

/// Trials of a study in order, with their row ids.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) trials: Vec<(i64, Trial)>,
    /// The names of the black-box constraints of the first trial that has some with names.
    pub(super) constraint_names: Vec<String>,
}

/// The trials to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which<'a> {
    /// Those with a row id above this one.
    pub(super) after: i64,
    /// And those with these row ids.
    pub(super) listed: &'a [i64],
}

/// Unfinished records of trials, by row id.
pub(super) type Drafts = BTreeMap<i64, Draft>;

/// Reads trials of a study. One that does not fit the space, as another program may have written it, is
/// set aside ([`Trial::set_aside`]).
pub(super) fn load(
    session: &mut dyn Session,
    study: i64,
    space: &Space,
    objectives: usize,
    which: Which<'_>,
) -> Result<Loaded, Failure> {
    let mut drafts = trials(session, study, space, which)?;
    if drafts.is_empty() {
        return Ok(Loaded::default());
    }
    let ids = json_list(&drafts.keys().copied().collect::<Vec<_>>());
    params(session, &ids, space, &mut drafts)?;
    values(session, &ids, &mut drafts)?;
    reports(session, &ids, objectives, &mut drafts)?;
    user_attributes(session, &ids, &mut drafts)?;
    system_attributes(session, &ids, &mut drafts)?;
    let names = drafts.values().map(|draft| draft.constraints.names());
    let constraint_names = names.into_iter().find(|names| !names.is_empty()).unwrap_or_default();
    let finish = |(id, draft): (i64, Draft)| (id, finish(draft, space));
    Ok(Loaded { trials: drafts.into_iter().map(finish).collect(), constraint_names })
}

/// Numbers, states and times.
fn trials(
    session: &mut dyn Session,
    study: i64,
    space: &Space,
    which: Which<'_>,
) -> Result<Drafts, Failure> {
    let mut drafts = Drafts::new();
    let mut visit = |row: &dyn Row| {
        let mut trial = Trial::waiting(row.int(1)?.unsigned_abs(), Config::empty(space.len()));
        (trial.started, trial.finished) = (row.time(3)?, row.time(4)?);
        let state = row.text(2)?.unwrap_or_default();
        let (fixed, constraints, misfit) = (None, Constraints::default(), None);
        drafts.insert(row.int(0)?, Draft { trial, state, fixed, constraints, misfit });
        Ok(())
    };
    let columns = "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials";
    let sql = format!("{columns} WHERE study_id = ?1 AND trial_id > ?2");
    session.each(&sql, &[study.into(), which.after.into()], &mut visit)?;
    if !which.listed.is_empty() {
        let sql = format!("{columns} WHERE trial_id IN {}", session.dialect().list);
        session.each(&sql, &[Cell::Text(&json_list(which.listed))], &mut visit)?;
    }
    Ok(drafts)
}

/// Values of parameters.
fn params(
    session: &mut dyn Session,
    ids: &str,
    space: &Space,
    drafts: &mut Drafts,
) -> Result<(), Failure> {
    // The distributions that a parameter was last found to fit: they seldom change.
    let mut fits: Vec<Option<String>> = vec![None; space.len()];
    let columns = "param_name, param_value, distribution_json";
    each(session, "trial_params", columns, ids, &mut |id, row| {
        let (name, value) = (row.text(1)?.unwrap_or_default(), row.float(2)?.unwrap_or(f64::NAN));
        let stored = row.text(3)?;
        let Some(draft) = drafts.get_mut(&id) else { return Ok(()) };
        let Some(index) = space.index_of(&name) else {
            draft.misfit.get_or_insert(format!("the parameter {name:?} is not in the space"));
            return Ok(());
        };
        let domain = space.params()[index].domain();
        if let Some(stored) = stored
            && fits[index].as_ref() != Some(&stored)
        {
            match difference(&stored, domain) {
                None => fits[index] = Some(stored),
                Some(reason) => {
                    draft.misfit.get_or_insert(format!("{name:?} has {reason}"));
                    return Ok(());
                }
            }
        }
        match codec::value(domain, value) {
            Some(value) => draft.trial.config.set(index, Some(value)),
            None => {
                let reason =
                    format!("{name:?} has the value {value}, which the space does not hold");
                draft.misfit.get_or_insert(reason);
            }
        }
        Ok(())
    })
}

/// Final values.
pub(super) fn values(
    session: &mut dyn Session,
    ids: &str,
    drafts: &mut Drafts,
) -> Result<(), Failure> {
    let columns = "objective, value, value_type";
    each(session, "trial_values", columns, ids, &mut |id, row| {
        if let Some(draft) = drafts.get_mut(&id) {
            let kind = row.text(3)?.unwrap_or_default();
            draft.trial.values.push(codec::parse_number(row.float(2)?, &kind));
        }
        Ok(())
    })
}

/// Intermediate values; those of further objectives come from the attributes.
pub(super) fn reports(
    session: &mut dyn Session,
    ids: &str,
    objectives: usize,
    drafts: &mut Drafts,
) -> Result<(), Failure> {
    let columns = "step, intermediate_value, intermediate_value_type";
    each(session, "trial_intermediate_values", columns, ids, &mut |id, row| {
        if let Some(draft) = drafts.get_mut(&id) {
            let kind = row.text(3)?.unwrap_or_default();
            let first = codec::parse_number(row.float(2)?, &kind);
            let mut values = vec![f64::NAN; objectives];
            if let Some(slot) = values.first_mut() {
                *slot = first;
            }
            draft
                .trial
                .reports
                .push(Report { fidelity: Fidelity(row.int(1)?.unsigned_abs()), values });
        }
        Ok(())
    })
}

/// Attributes, among them the reports of several objectives.
pub(super) fn user_attributes(
    session: &mut dyn Session,
    ids: &str,
    drafts: &mut Drafts,
) -> Result<(), Failure> {
    let columns = "key, value_json";
    each(session, "trial_user_attributes", columns, ids, &mut |id, row| {
        let (key, text) = (row.text(1)?.unwrap_or_default(), row.text(2)?.unwrap_or_default());
        let Some(draft) = drafts.get_mut(&id) else { return Ok(()) };
        let Some(json) = codec::parse_json(&text) else { return Ok(()) };
        let step = key.strip_prefix(REPORT).and_then(|step| step.parse().ok().map(Fidelity));
        match (step, codec::parse_numbers(&json)) {
            (Some(step), Some(values)) => {
                if let Some(report) = draft.trial.reports.iter_mut().find(|r| r.fidelity == step) {
                    report.values = values;
                }
            }
            _ => {
                draft.trial.attributes.insert(key, json);
            }
        }
        Ok(())
    })
}

/// Constraints, and fixed parameters of queued trials.
pub(super) fn system_attributes(
    session: &mut dyn Session,
    ids: &str,
    drafts: &mut Drafts,
) -> Result<(), Failure> {
    let columns = "key, value_json";
    each(session, "trial_system_attributes", columns, ids, &mut |id, row| {
        let (key, text) = (row.text(1)?.unwrap_or_default(), row.text(2)?.unwrap_or_default());
        let Some(draft) = drafts.get_mut(&id) else { return Ok(()) };
        match key.as_str() {
            "fixed_params" => draft.fixed = codec::parse_json(&text),
            key => draft.constraints.read(key, &text),
        }
        Ok(())
    })
}

/// Runs a function on each row of one of the trials' tables: trial id, then the columns.
fn each(
    session: &mut dyn Session,
    table: &str,
    columns: &str,
    ids: &str,
    visit: &mut dyn FnMut(i64, &dyn Row) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let order = columns.split(',').next().unwrap_or("1");
    let list = session.dialect().list;
    let sql = format!(
        "SELECT trial_id, {columns} FROM {table} WHERE trial_id IN {list}
         ORDER BY trial_id, {order}"
    );
    session.each(&sql, &[Cell::Text(ids)], &mut |row| visit(row.int(0)?, row))
}

/// Integers as a JSON list.
pub(super) fn json_list(numbers: &[i64]) -> String {
    Value::from(numbers).to_string()
}

/// Sets the state, and the configuration of a trial that only has fixed parameters; sets aside what
/// does not fit.
///
/// Other programs may fix some parameters only, or parameters that are never used. Unknown and
/// inactive names are ignored, and missing parameters get their defaults ([`Space::canonical`]), so
/// that all readers of the trial see the same configuration.
fn finish(draft: Draft, space: &Space) -> Trial {
    let Draft { mut trial, state, fixed, constraints, mut misfit } = draft;
    trial.constraints = constraints.values();
    let paused = trial.attributes.remove(attribute::PAUSED).is_some();
    trial.attributes.remove(attribute::WORKER);
    match codec::state(&state, paused) {
        Some(known) => trial.state = known,
        None => misfit = Some(format!("the state {state:?} is unknown")),
    }
    // Another program chooses the parameters of a running trial one after the other.
    let is_open = matches!(trial.state, State::Waiting | State::Running);
    if is_open && let Some(fixed) = fixed.as_ref().and_then(Value::as_object) {
        for (name, given) in fixed {
            let Some(index) = space.index_of(name) else { continue };
            match fixed_value(space.params()[index].domain(), given) {
                None => drop(misfit.get_or_insert(format!("{name:?} cannot have {given}"))),
                Some(value) if trial.config.value(index).is_none() => {
                    trial.config.set(index, Some(value));
                }
                Some(_) => {}
            }
        }
    }
    if is_open && space.check(&trial.config).is_err() {
        trial.config = space.canonical(&trial.config);
    }
    match misfit {
        Some(reason) => {
            trial.config = space.canonical(&trial.config);
            trial.set_aside(&reason)
        }
        None => trial,
    }
}

/// The value that a queued trial fixes. Booleans and integers are equal in Python.
fn fixed_value(domain: &Domain, given: &Value) -> Option<automl_space::Value> {
    let choice = serde_json::from_value::<Choice>(given.clone()).ok()?;
    domain.value_of(&choice).or_else(|| {
        let equal = match choice {
            Choice::Bool(x) => Choice::Int(x.into()),
            Choice::Int(x @ 0..=1) => Choice::Bool(x == 1),
            Choice::Float(x) if x == 0.0 || x == 1.0 => Choice::Bool(x == 1.0),
            _ => return None,
        };
        domain.value_of(&equal)
    })
}
