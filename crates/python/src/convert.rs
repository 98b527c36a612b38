//! Configurations and trials as JSON.

use automl_space::{Choice, Config, Space};
use automl_study::{Direction, State, Trial};
use pyo3::PyResult;
use pyo3::exceptions::PyValueError;
use serde_json::{Map, Value, json};
use std::fmt::Display;

/// A `ValueError` with the words of an error.
pub(crate) fn value_error(error: impl Display) -> pyo3::PyErr {
    PyValueError::new_err(error.to_string())
}

pub(crate) fn direction(text: &str) -> PyResult<Direction> {
    match text {
        "minimize" => Ok(Direction::Minimize),
        "maximize" => Ok(Direction::Maximize),
        other => {
            Err(value_error(format!("a direction is \"minimize\" or \"maximize\", not {other:?}")))
        }
    }
}

/// The active parameters.
pub(crate) fn params(space: &Space, config: &Config) -> Map<String, Value> {
    let json = |choice| match choice {
        Choice::Null => Value::Null,
        Choice::Bool(x) => x.into(),
        Choice::Int(x) => x.into(),
        Choice::Float(x) => x.into(),
        Choice::Str(x) => x.into(),
    };
    space.describe(config).map(|(name, choice)| (name.to_owned(), json(choice))).collect()
}

/// The configuration with these parameters.
pub(crate) fn config(space: &Space, params: &str) -> PyResult<Config> {
    let params: Map<String, Value> = serde_json::from_str(params).map_err(value_error)?;
    let params = params
        .iter()
        .map(|(name, value)| {
            let choice = serde_json::from_value::<Choice>(value.clone());
            choice.map(|choice| (name.as_str(), choice)).map_err(value_error)
        })
        .collect::<PyResult<Vec<_>>>()?;
    space.config(params).map_err(value_error)
}

pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Running => "running",
        State::Paused => "paused",
        State::Complete => "complete",
        State::Pruned => "pruned",
        State::Failed => "failed",
    }
}

/// A trial; numbers that JSON cannot write are texts, which Python's `float` reads.
pub(crate) fn trial(space: &Space, trial: &Trial) -> Value {
    let number = |x: &f64| {
        if x.is_finite() { Value::from(*x) } else { Value::from(x.to_string()) }
    };
    let numbers = |values: &[f64]| Value::Array(values.iter().map(number).collect());
    let reports = trial.reports.iter();
    let reports: Vec<Value> =
        reports.map(|report| json!([report.fidelity.0, numbers(&report.values)])).collect();
    json!({
        "number": trial.number.0,
        "params": params(space, &trial.config),
        "state": state_name(trial.state),
        "values": numbers(&trial.values),
        "constraints": numbers(&trial.constraints),
        "reports": reports,
        "reason": trial.attributes.get(automl_study::attribute::REASON),
    })
}
