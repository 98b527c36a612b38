//! Reading of a study without a search space.

use super::SPACE;
use super::constraints::Constraints;
use super::database::{Failure, Row, Session};
use super::rows::{self, Draft, Drafts};
use crate::codec;
use crate::distribution::domain;
use crate::recorded::{RecordedParam, StudyRecord};
use crate::sqlite::StudySummary;
use automl_space::{Choice, Config, Domain, Space, Value};
use automl_study::{Direction, State, Trial, attribute};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// The studies of a database, ordered by name.
pub(crate) fn summaries(session: &mut dyn Session) -> Result<Vec<StudySummary>, Failure> {
    let table = session.dialect().table;
    if session.number(table, &["studies".into()])? == 0 {
        return Err("it is not a database of studies".into());
    }
    let sql = "SELECT study_name, COUNT(trial_id), COUNT(CASE state WHEN 'COMPLETE' THEN 1 END)
         FROM studies LEFT JOIN trials ON trials.study_id = studies.study_id
         GROUP BY studies.study_id, study_name ORDER BY study_name";
    let mut studies = Vec::new();
    session.each(sql, &[], &mut |row| {
        studies.push(StudySummary {
            name: row.text(0)?.unwrap_or_default(),
            trials: row.int(1)?.unsigned_abs(),
            complete: row.int(2)?.unsigned_abs(),
        });
        Ok(())
    })?;
    Ok(studies)
}

/// A study that exists.
pub(crate) fn read(session: &mut dyn Session, name: &str) -> Result<StudyRecord, Failure> {
    let sql = "SELECT study_id FROM studies WHERE study_name = ?1";
    let id = session.first(sql, &[name.into()], |row| row.int(0))?;
    let id = id.ok_or("the study was deleted")?;
    let directions = directions(session, id)?;
    let attributes = attributes(session, id)?;
    let space = attributes.get(SPACE).and_then(|json| Space::from_json(json).ok());
    let mut drafts = trials(session, id)?;
    let ids = rows::json_list(&drafts.keys().copied().collect::<Vec<_>>());
    let params = params(session, id, space.as_ref(), &mut drafts)?;
    rows::values(session, &ids, &mut drafts)?;
    rows::reports(session, &ids, directions.len(), &mut drafts)?;
    rows::user_attributes(session, &ids, &mut drafts)?;
    rows::system_attributes(session, &ids, &mut drafts)?;
    let trials = drafts.into_values().map(|draft| finish(draft, &params));
    Ok(StudyRecord {
        name: name.to_owned(),
        place: String::new(),
        directions,
        attributes,
        space,
        trials: trials.collect::<Result<_, _>>()?,
        params,
    })
}

fn directions(session: &mut dyn Session, study: i64) -> Result<Vec<Direction>, Failure> {
    let sql = "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    let mut directions = Vec::new();
    session.each(sql, &[study.into()], &mut |row| {
        let name = row.text(0)?.unwrap_or_default();
        // Optuna's NOT_SET is a study that never ran, and minimizes.
        directions.push(codec::direction(&name).unwrap_or(Direction::Minimize));
        Ok(())
    })?;
    Ok(directions)
}

fn attributes(session: &mut dyn Session, study: i64) -> Result<BTreeMap<String, Json>, Failure> {
    let mut attributes = BTreeMap::new();
    for table in ["study_system_attributes", "study_user_attributes"] {
        let sql = format!("SELECT key, value_json FROM {table} WHERE study_id = ?1");
        session.each(&sql, &[study.into()], &mut |row| {
            if let (Some(key), Some(text)) = (row.text(0)?, row.text(1)?)
                && let Some(json) = codec::parse_json(&text)
            {
                attributes.insert(key, json);
            }
            Ok(())
        })?;
    }
    Ok(attributes)
}

/// Numbers, states and times.
fn trials(session: &mut dyn Session, study: i64) -> Result<Drafts, Failure> {
    let mut drafts = Drafts::new();
    let sql = "SELECT trial_id, number, state, datetime_start, datetime_complete
         FROM trials WHERE study_id = ?1";
    session.each(sql, &[study.into()], &mut |row| {
        let mut trial = Trial::waiting(row.int(1)?.unsigned_abs(), Config::empty(0));
        (trial.started, trial.finished) = (row.time(3)?, row.time(4)?);
        let state = row.text(2)?.unwrap_or_default();
        let (fixed, constraints, misfit) = (None, Constraints::default(), None);
        drafts.insert(row.int(0)?, Draft { trial, state, fixed, constraints, misfit });
        Ok(())
    })?;
    Ok(drafts)
}

/// The parameters found so far.
struct Params {
    list: Vec<RecordedParam>,
    index: HashMap<String, usize>,
    /// The distribution that each parameter had last: it seldom changes.
    last: Vec<String>,
}

impl Params {
    fn new(space: Option<&Space>) -> Self {
        let mut params = Self { list: Vec::new(), index: HashMap::new(), last: Vec::new() };
        for param in space.into_iter().flat_map(Space::params) {
            params.add(param.name().to_owned(), param.domain().clone(), String::new());
        }
        params
    }

    fn add(&mut self, name: String, domain: Domain, stored: String) -> usize {
        let index = self.list.len();
        self.index.insert(name.clone(), index);
        self.list.push(RecordedParam { name, domain });
        self.last.push(stored);
        index
    }

    /// The index of the parameter of a row, with a domain that covers its distribution.
    fn of(&mut self, row: &dyn Row) -> Result<usize, Failure> {
        let (name, stored) = (row.text(1)?.unwrap_or_default(), row.text(3)?.unwrap_or_default());
        let known = self.index.get(&name).copied();
        if let Some(index) = known
            && self.last[index] == stored
        {
            return Ok(index);
        }
        let read = domain(&stored)
            .ok_or_else(|| format!("the parameter {name:?} has the distribution {stored}"))?;
        let Some(index) = known else { return Ok(self.add(name, read, stored)) };
        if let Some(both) = union(&self.list[index].domain, &read) {
            self.list[index].domain = both;
        }
        self.last[index] = stored;
        Ok(index)
    }
}

/// Reads the values of the parameters into the configurations, and returns the parameters.
fn params(
    session: &mut dyn Session,
    study: i64,
    space: Option<&Space>,
    drafts: &mut Drafts,
) -> Result<Vec<RecordedParam>, Failure> {
    let mut params = Params::new(space);
    let mut values = Vec::new();
    let sql = "SELECT p.trial_id, p.param_name, p.param_value, p.distribution_json
         FROM trial_params p JOIN trials t ON t.trial_id = p.trial_id
         WHERE t.study_id = ?1 ORDER BY p.param_id";
    session.each(sql, &[study.into()], &mut |row| {
        values.push((row.int(0)?, params.of(row)?, row.float(2)?.unwrap_or(f64::NAN)));
        Ok(())
    })?;
    for draft in drafts.values_mut() {
        draft.trial.config = Config::empty(params.list.len());
    }
    for (id, index, value) in values {
        if let Some(draft) = drafts.get_mut(&id) {
            draft.trial.config.set(index, internal(&params.list[index].domain, value));
        }
    }
    Ok(params.list)
}

/// A value from Optuna's internal number, also one outside the bounds.
fn internal(domain: &Domain, value: f64) -> Option<Value> {
    match domain {
        Domain::Float(_) => value.is_finite().then_some(Value::Float(value)),
        Domain::Int(_) => value.is_finite().then_some(Value::Int(value as i64)),
        Domain::Categorical(d) => (value >= 0.0 && value < d.choices().len() as f64)
            .then_some(Value::Category(value as usize)),
    }
}

/// The smallest domain of the same kind that holds both; `None` for the choices of two lists, of
/// which the first counts.
fn union(a: &Domain, b: &Domain) -> Option<Domain> {
    use automl_space::{FloatDomain, IntDomain};
    match (a, b) {
        (Domain::Float(a), Domain::Float(b)) => {
            let step = a.step().filter(|step| b.step() == Some(*step));
            let (low, high) = (a.low().min(b.low()), a.high().max(b.high()));
            FloatDomain::new(low, high, a.log() && step.is_none(), step).ok().map(Domain::Float)
        }
        (Domain::Int(a), Domain::Int(b)) => {
            let step = if a.step() == b.step() { a.step() } else { 1 };
            let (low, high) = (a.low().min(b.low()), a.high().max(b.high()));
            IntDomain::new(low, high, a.log() && step == 1, step).ok().map(Domain::Int)
        }
        _ => None,
    }
}

/// Sets the state, and the parameters that are fixed for a waiting trial.
fn finish(draft: Draft, params: &[RecordedParam]) -> Result<Trial, String> {
    let Draft { mut trial, state, fixed, constraints, .. } = draft;
    trial.constraints = constraints.values();
    let paused = trial.attributes.remove(attribute::PAUSED).is_some();
    let number = trial.number;
    trial.state = codec::state(&state, paused)
        .ok_or_else(|| format!("trial {number} has the unknown state {state:?}"))?;
    if trial.state == State::Waiting
        && let Some(fixed) = fixed.as_ref().and_then(Json::as_object)
    {
        for (index, param) in params.iter().enumerate() {
            let choice = fixed.get(&param.name).cloned();
            let choice = choice.and_then(|json| serde_json::from_value::<Choice>(json).ok());
            if let Some(value) = choice.and_then(|choice| param.domain.value_of(&choice)) {
                trial.config.set(index, Some(value));
            }
        }
    }
    Ok(trial)
}
