//! Reading trials back from their rows.

use super::database::{Cell, Failure, Row, Session};
use automl_optuna::codec;
use automl_optuna::draft::{Draft, Fits};
use automl_space::Space;
use automl_study::Trial;
use serde_json::Value;
use std::collections::BTreeMap;

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
    let names = drafts.values().map(|draft| draft.constraint_names());
    let constraint_names = names.into_iter().find(|names| !names.is_empty()).unwrap_or_default();
    let finish = |(id, draft): (i64, Draft)| (id, draft.finish(space));
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
        let number = row.int(1)?.unsigned_abs();
        let state = row.text(2)?.unwrap_or_default();
        let draft = Draft::new(number, space, state, (row.time(3)?, row.time(4)?));
        drafts.insert(row.int(0)?, draft);
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
    let mut fits = Fits::new(space);
    let columns = "param_name, param_value, distribution_json";
    each(session, "trial_params", columns, ids, &mut |id, row| {
        let (name, value) = (row.text(1)?.unwrap_or_default(), row.float(2)?.unwrap_or(f64::NAN));
        let stored = row.text(3)?;
        if let Some(draft) = drafts.get_mut(&id) {
            draft.param(space, &mut fits, &name, value, stored.as_deref());
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
            draft.value(codec::parse_number(row.float(2)?, &kind));
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
            draft.report(row.int(1)?.unsigned_abs(), first, objectives);
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
        if let Some(json) = codec::parse_json(&text) {
            draft.user_attribute(key, json);
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
        draft.system_attribute(&key, &text);
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
