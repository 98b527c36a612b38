//! The request that tells a result.

use super::field;
use serde_json::{Map, Value};

/// A result.
#[derive(Debug)]
pub(crate) struct Tell {
    pub(crate) id: u64,
    pub(crate) result: Told,
    pub(crate) constraints: Vec<f64>,
    pub(crate) fidelity: Option<u64>,
}

/// What was told of a trial.
#[derive(Debug)]
pub(crate) enum Told {
    Values(Vec<f64>),
    Pruned,
    Failed(String),
}

/// The fields of `tell`. Costs may be told and are not used.
const TELL: &[&str] =
    &["cmd", "id", "value", "values", "state", "constraints", "fidelity", "cost", "cost_left"];

pub(super) fn parse(map: &Map<String, Value>) -> Result<Tell, String> {
    field::known_only("tell", map, TELL)?;
    let id = id(map)?.ok_or("tell needs an \"id\"")?;
    let (result, constraints) = (told("tell", map)?, constraints(map)?);
    Ok(Tell { id, result, constraints, fidelity: field::unsigned(map, "fidelity")? })
}

/// The number of a trial, if the request has one.
pub(super) fn id(map: &Map<String, Value>) -> Result<Option<u64>, String> {
    let number = |value: &Value| {
        let text = value.as_str().and_then(|text| text.parse().ok());
        field::whole(value).or(text).ok_or_else(|| format!("there is no open trial {value}"))
    };
    field::get(map, "id").map(number).transpose()
}

/// The values of the constraints; NaN for null.
pub(super) fn constraints(map: &Map<String, Value>) -> Result<Vec<f64>, String> {
    match field::get(map, "constraints") {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| field::number(value, "constraints").map(|c| c.unwrap_or(f64::NAN)))
            .collect(),
        Some(other) => Err(format!("\"constraints\" must be a list, not {other}")),
    }
}

/// The result that a request of this name holds.
pub(super) fn told(what: &str, map: &Map<String, Value>) -> Result<Told, String> {
    match field::text(map, "state")?.as_deref() {
        Some("failed") => return Ok(Told::Failed("the client told a failure".into())),
        Some("pruned") => return Ok(Told::Pruned),
        None | Some("complete") => {}
        Some(other) => {
            return Err(format!("unknown state {other:?}: complete, pruned or failed"));
        }
    }
    let values = match (map.get("value"), map.get("values")) {
        (Some(_), Some(_)) => {
            return Err(format!("{what} holds \"value\" or \"values\", not both"));
        }
        (None, None) => return Err(format!("{what} needs a \"value\" or \"values\"")),
        (Some(value), None) => field::number(value, "value")?.map(|value| vec![value]),
        (None, Some(Value::Null)) => None,
        (None, Some(Value::Array(list))) => list
            .iter()
            .map(|value| field::number(value, "values"))
            .collect::<Result<Option<_>, _>>()?,
        (None, Some(other)) => return Err(format!("\"values\" must be a list, not {other}")),
    };
    Ok(match values {
        Some(values) => Told::Values(values),
        None => Told::Failed("the client told no value".into()),
    })
}
