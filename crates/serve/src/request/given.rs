//! Requests with parameters that the sampler did not propose.

use super::field;
use super::tell::{self, Told};
use serde_json::{Map, Value};

/// A result from elsewhere.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) params: Map<String, Value>,
    pub(crate) result: Told,
    pub(crate) constraints: Vec<f64>,
}

/// The fields of `add`.
const ADD: &[&str] = &["cmd", "params", "value", "values", "state", "constraints"];

pub(super) fn parse(map: &Map<String, Value>) -> Result<Added, String> {
    field::known_only("add", map, ADD)?;
    Ok(Added {
        params: params(map)?,
        result: tell::told("add", map)?,
        constraints: tell::constraints(map)?,
    })
}

/// The parameters by name.
pub(super) fn params(map: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    match field::get(map, "params") {
        Some(Value::Object(params)) => Ok(params.clone()),
        Some(other) => Err(format!("\"params\" must be an object, not {other}")),
        None => Err("the request needs \"params\"".into()),
    }
}
