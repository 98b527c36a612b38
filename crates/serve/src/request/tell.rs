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

pub(super) fn parse(map: &Map<String, Value>) -> Result<Tell, String> {
    let id = match field::get(map, "id") {
        None => return Err("tell needs an \"id\"".into()),
        Some(value) => {
            let text = value.as_str().and_then(|text| text.parse().ok());
            field::whole(value).or(text).ok_or_else(|| format!("there is no open trial {value}"))?
        }
    };
    let constraints = match field::get(map, "constraints") {
        None => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| field::number(value, "constraints").map(|c| c.unwrap_or(f64::NAN)))
            .collect::<Result<_, _>>()?,
        Some(other) => return Err(format!("\"constraints\" must be a list, not {other}")),
    };
    Ok(Tell { id, result: told(map)?, constraints, fidelity: field::unsigned(map, "fidelity")? })
}

fn told(map: &Map<String, Value>) -> Result<Told, String> {
    match field::text(map, "state")?.as_deref() {
        Some("failed") => return Ok(Told::Failed("the client told a failure".into())),
        Some("pruned") => return Ok(Told::Pruned),
        None | Some("complete") => {}
        Some(other) => {
            return Err(format!("unknown state {other:?}: complete, pruned or failed"));
        }
    }
    let values = match (map.get("value"), map.get("values")) {
        (Some(_), Some(_)) => return Err("tell holds \"value\" or \"values\", not both".into()),
        (None, None) => return Err("tell needs a \"value\" or \"values\"".into()),
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
