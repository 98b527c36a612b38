//! Trials and parameters of a study as recorded, from their parts.

use super::RecordedParam;
use automl_optuna::codec;
use automl_optuna::distribution::domain;
use automl_optuna::draft::Draft;
use automl_space::{Choice, Config, Domain, Space, Value};
use automl_study::{State, Trial, attribute};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// The parameters found so far, and their values.
pub(crate) struct Params {
    list: Vec<RecordedParam>,
    index: HashMap<String, usize>,
    /// The distribution that each parameter had last: it seldom changes.
    last: Vec<String>,
    /// Values by the row ids of their trials.
    values: Vec<(i64, usize, f64)>,
}

impl Params {
    pub(crate) fn new(space: Option<&Space>) -> Self {
        let mut params =
            Self { list: Vec::new(), index: HashMap::new(), last: Vec::new(), values: Vec::new() };
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

    /// The index of a parameter, with a domain that covers its distribution.
    fn of(&mut self, name: String, stored: String) -> Result<usize, String> {
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

    /// Takes in a trial's value of a parameter under a distribution.
    ///
    /// # Errors
    /// A description of a distribution that is unknown.
    pub(crate) fn value(
        &mut self,
        id: i64,
        name: String,
        value: f64,
        stored: String,
    ) -> Result<(), String> {
        let index = self.of(name, stored)?;
        self.values.push((id, index, value));
        Ok(())
    }

    /// Brings the values into the configurations, and returns the parameters.
    pub(crate) fn finish(self, drafts: &mut BTreeMap<i64, Draft>) -> Vec<RecordedParam> {
        for draft in drafts.values_mut() {
            draft.trial.config = Config::empty(self.list.len());
        }
        for (id, index, value) in self.values {
            if let Some(draft) = drafts.get_mut(&id) {
                draft.trial.config.set(index, internal(&self.list[index].domain, value));
            }
        }
        self.list
    }
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

/// Sets the state, and the parameters that are fixed for a waiting trial. A trial in an unknown state is set
/// aside.
pub(crate) fn finish(draft: Draft, params: &[RecordedParam]) -> Trial {
    let Draft { mut trial, state, fixed, constraints, .. } = draft;
    trial.constraints = constraints.values();
    let paused = trial.attributes.remove(attribute::PAUSED) == Some(Json::Bool(true));
    let Some(known) = codec::state(&state, paused) else {
        return trial.set_aside(&format!("the state {state:?} is unknown"));
    };
    trial.state = known;
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
    trial
}
