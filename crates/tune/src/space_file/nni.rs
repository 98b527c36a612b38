//! NNI's `search_space.json`.
//!
//! Read: `choice` of plain values, `randint`, `uniform`, `loguniform`, and `quniform` with limits
//! that are multiples of its step. Refused: nested choices, unbounded distributions, and
//! `qloguniform`, which have no equal domain here.

use super::{Document, Ordered};
use serde_json::{Value, json};

/// Whether every entry has a `_type`.
pub(super) fn is_form(entries: &Ordered) -> bool {
    !entries.0.is_empty() && entries.0.iter().all(|(_, entry)| entry.get("_type").is_some())
}

pub(super) fn read(entries: &Ordered) -> Result<Document, String> {
    let parameters = entries.0.iter().map(|(name, entry)| {
        parameter(name, entry).map_err(|reason| format!("parameter {name:?}: {reason}"))
    });
    Ok(Document { parameters: parameters.collect::<Result<_, _>>()?, ..Document::default() })
}

fn parameter(name: &str, entry: &Value) -> Result<Value, String> {
    let kind = entry["_type"].as_str().ok_or("\"_type\" must be a string")?;
    let values = entry["_value"].as_array().ok_or("needs a list \"_value\"")?;
    match (kind, values.as_slice()) {
        ("choice", choices) if choices.iter().any(|c| c.is_object() || c.is_array()) => {
            Err("a nested choice has no counterpart: write the inner parameters with a condition"
                .into())
        }
        ("choice", choices) => Ok(json!({"name": name, "type": "categorical", "choices": choices})),
        ("randint", [low, high]) => {
            let high = high.as_i64().ok_or("the limits of randint must be integers")?;
            Ok(json!({"name": name, "type": "int", "low": low, "high": high - 1}))
        }
        ("uniform", [low, high]) => {
            Ok(json!({"name": name, "type": "float", "low": low, "high": high}))
        }
        ("loguniform", [low, high]) => {
            Ok(json!({"name": name, "type": "float", "low": low, "high": high, "log": true}))
        }
        ("quniform", [low, high, step]) => {
            let multiple = |limit: &Value| match (limit.as_f64(), step.as_f64()) {
                (Some(limit), Some(step)) if step > 0.0 => {
                    let times = limit / step;
                    (times - times.round()).abs() < 1e-9
                }
                _ => false,
            };
            if !multiple(low) || !multiple(high) {
                return Err(format!(
                    "quniform clips to limits that are not multiples of its step {step}"
                ));
            }
            Ok(json!({"name": name, "type": "float", "low": low, "high": high, "step": step}))
        }
        ("randint" | "uniform" | "loguniform" | "quniform", values) => {
            Err(format!("{kind} with {} values", values.len()))
        }
        _ => Err(format!("NNI's type {kind:?} has no counterpart")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(entry: Value) -> Result<Value, String> {
        Ok(read(&Ordered(vec![("x".into(), entry)]))?.parameters.remove(0))
    }

    #[test]
    fn equal_types_are_read_and_others_are_named() {
        let step = read_one(json!({"_type": "quniform", "_value": [0, 10, 2.5]})).unwrap();
        assert_eq!(step, json!({"name": "x", "type": "float", "low": 0, "high": 10, "step": 2.5}));
        for (entry, part) in [
            (json!({"_type": "quniform", "_value": [1, 10, 2.5]}), "multiples"),
            (json!({"_type": "normal", "_value": [0, 1]}), "\"normal\""),
            (json!({"_type": "uniform", "_value": [0]}), "1 values"),
            (json!({"_type": "choice", "_value": [{"_name": "conv"}]}), "nested"),
        ] {
            let error = read_one(entry).unwrap_err();
            assert!(error.contains(part) && error.contains("\"x\""), "{error}");
        }
    }
}
