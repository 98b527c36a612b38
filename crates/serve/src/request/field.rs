//! Fields of a request by type.

use automl_study::part::nearest;
use serde_json::{Map, Value};

/// A field that is present and not null.
pub(super) fn get<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

pub(super) fn unsigned(map: &Map<String, Value>, name: &str) -> Result<Option<u64>, String> {
    let wrong = |value: &Value| format!("{name:?} must be an integer of at least 0, not {value}");
    get(map, name).map(|value| whole(value).ok_or_else(|| wrong(value))).transpose()
}

/// An integer; clients that only know floats write `3.0`.
pub(super) fn integer(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e15);
    value.as_i64().or_else(|| float().map(|x| x as i64))
}

/// An integer of at least 0.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| integer(value)?.try_into().ok())
}

/// A truth value; false where the field is absent.
pub(super) fn flag(map: &Map<String, Value>, name: &str) -> Result<bool, String> {
    match get(map, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(format!("{name:?} must be true or false, not {other}")),
    }
}

pub(super) fn text(map: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    get(map, name)
        .map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            // What it is may hold a password.
            _ => Err(format!("{name:?} must be a string")),
        })
        .transpose()
}

/// A number, or what stands for one that JSON cannot write; `None` for null.
pub(super) fn number(value: &Value, name: &str) -> Result<Option<f64>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "nan" => Ok(Some(f64::NAN)),
            "inf" | "infinity" => Ok(Some(f64::INFINITY)),
            "-inf" | "-infinity" => Ok(Some(f64::NEG_INFINITY)),
            _ => Err(format!("{name:?} must be a number, not {text:?}")),
        },
        other => Err(format!("{name:?} must be a number, not {other}")),
    }
}

/// Refuses fields that the request does not have.
pub(super) fn known_only(
    what: &str,
    map: &Map<String, Value>,
    known: &[&str],
) -> Result<(), String> {
    let Some(other) = map.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let hint = nearest(other, known.iter().copied());
    let hint = hint.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
    Err(format!("{what} has no field {other:?}{hint}: {}", known.join(", ")))
}
