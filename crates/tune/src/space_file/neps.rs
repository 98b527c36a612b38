//! NePS's pipeline space in YAML.
//!
//! Read: floats, integers, choices and constants, `log`, `is_fidelity` (one integer), and the prior
//! of a number: a normal density around `prior` (formerly `default`) with a standard deviation of a
//! half, a quarter or an eighth of the domain for low, medium and high confidence. Refused: priors
//! of choices and architectures.

use super::{Document, Ordered};
use crate::Fidelity;
use serde_json::{Map, Value, json};

pub(super) fn read(text: &str) -> Result<Document, String> {
    let entries: Ordered = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let nested = entries.0.iter().any(|(name, _)| name == "pipeline_space");
    let entries = if nested {
        // Once more, for the order of the inner map.
        let outer: Outer = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        outer.pipeline_space
    } else {
        entries
    };
    let mut document = Document::default();
    for (name, entry) in &entries.0 {
        let bad = |reason: String| format!("parameter {name:?}: {reason}");
        if entry["is_fidelity"] == true {
            if document.fidelity.is_some() {
                return Err(bad("a second fidelity".into()));
            }
            let limit = |key: &str| {
                entry[key]
                    .as_u64()
                    .ok_or_else(|| bad(format!("a fidelity needs an integer {key:?}")))
            };
            let (min, max) = (limit("lower")?, limit("upper")?);
            document.fidelity = Some(Fidelity { name: name.clone(), min, max });
        } else {
            document.parameters.push(parameter(name, entry).map_err(bad)?);
        }
    }
    Ok(document)
}

#[derive(serde::Deserialize)]
struct Outer {
    pipeline_space: Ordered,
}

fn parameter(name: &str, entry: &Value) -> Result<Value, String> {
    let map = match entry {
        Value::Object(map) => map,
        Value::Array(_) => return Err("is a list: choices are written `choices: [..]`".into()),
        constant => {
            return Ok(json!({"name": name, "type": "categorical", "choices": [constant]}));
        }
    };
    let known = [
        "type",
        "lower",
        "upper",
        "log",
        "choices",
        "value",
        "is_fidelity",
        "prior",
        "prior_confidence",
        "default",
        "default_confidence",
    ];
    if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("{key:?} has no counterpart"));
    }
    let prior = present(map, &["prior", "default"]);
    if let Some(choices) = map.get("choices") {
        if prior.is_some() {
            return Err("the prior of a choice has no equal counterpart".into());
        }
        return Ok(json!({"name": name, "type": "categorical", "choices": choices}));
    }
    if let Some(value) = map.get("value") {
        return Ok(json!({"name": name, "type": "categorical", "choices": [value]}));
    }
    let (low, high) = (&entry["lower"], &entry["upper"]);
    let kind = match entry["type"].as_str() {
        Some("int" | "integer") => "int",
        Some("float") => "float",
        None if low.is_i64() && high.is_i64() => "int",
        None if low.is_number() && high.is_number() => "float",
        None => return Err("needs `lower` and `upper`, `choices` or `value`".into()),
        Some(other) => return Err(format!("NePS's type {other:?} has no counterpart")),
    };
    let log = entry["log"] == true;
    let mut ours = json!({"name": name, "type": kind, "low": low, "high": high, "log": log});
    if let Some(mode) = prior {
        ours["prior"] = normal(map, mode, low, high, log)?;
    }
    Ok(ours)
}

fn present<'a>(map: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| map.get(*key)).filter(|value| !value.is_null())
}

fn normal(
    map: &Map<String, Value>,
    mode: &Value,
    low: &Value,
    high: &Value,
    log: bool,
) -> Result<Value, String> {
    let confidence = present(map, &["prior_confidence", "default_confidence"]);
    let share = match confidence.and_then(Value::as_str).unwrap_or("low") {
        "low" => 0.5,
        "medium" => 0.25,
        "high" => 0.125,
        other => return Err(format!("the confidence {other:?} is not low, medium or high")),
    };
    let scale = |value: &Value| {
        let number = value.as_f64().ok_or_else(|| format!("{value} is not a number"))?;
        Ok::<f64, String>(if log { number.ln() } else { number })
    };
    let (mean, low, high) = (scale(mode)?, scale(low)?, scale(high)?);
    Ok(json!({"mean": mean, "sd": share * (high - low)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fidelity_constants_and_priors_are_read() {
        let document = read(
            "z: {lower: 1.0e-4, upper: 1.0, log: true, prior: 1.0e-2, prior_confidence: medium}\n\
             a: 64\nepochs: {type: int, lower: 3, upper: 81, is_fidelity: true}\n",
        )
        .unwrap();
        let names: Vec<&str> =
            document.parameters.iter().filter_map(|p| p["name"].as_str()).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(document.fidelity, Some(Fidelity { name: "epochs".into(), min: 3, max: 81 }));
        let sd = document.parameters[0]["prior"]["sd"].as_f64().unwrap();
        assert!((sd - 0.25 * 1e4_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        for (text, part) in [
            ("a: {choices: [1, 2], prior: 1}\n", "prior of a choice"),
            ("a: {type: graph, lower: 1}\n", "\"graph\""),
            ("a: {lower: 1, upper: 2, bounds: 3}\n", "\"bounds\""),
            ("a: {lower: 1}\n", "`upper`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part) && error.contains("\"a\""), "{error}");
        }
    }
}
