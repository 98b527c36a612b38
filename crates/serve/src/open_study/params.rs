//! Parameters and numbers as JSON.

use automl_space::{Choice, Config, Space};
use automl_study::part::nearest;
use serde_json::{Map, Value};

/// The active parameters of a configuration.
pub(super) fn written(space: &Space, config: &Config) -> Map<String, Value> {
    let json = |choice| match choice {
        Choice::Null => Value::Null,
        Choice::Bool(x) => x.into(),
        Choice::Int(x) => x.into(),
        Choice::Float(x) => x.into(),
        Choice::Str(x) => x.into(),
    };
    space.describe(config).map(|(name, choice)| (name.to_owned(), json(choice))).collect()
}

/// The configuration with these parameters: every active one and no other.
pub(super) fn read(space: &Space, params: &Map<String, Value>) -> Result<Config, String> {
    let mut config = Config::empty(space.len());
    for (index, param) in space.params().iter().enumerate() {
        if !space.is_active(index, &config) {
            continue;
        }
        let name = param.name();
        let given = params.get(name).ok_or_else(|| format!("\"params\" lacks {name:?}"))?;
        let literal: Option<Choice> = serde_json::from_value(given.clone()).ok();
        let value = literal.and_then(|literal| param.domain().value_of(&literal));
        let value = value.ok_or_else(|| format!("{given} is no value of {name:?}"))?;
        config.set(index, Some(value));
    }
    for name in params.keys() {
        match space.index_of(name) {
            Some(index) if config.value(index).is_some() => {}
            Some(_) => return Err(format!("the parameter {name:?} is not active")),
            None => {
                let known = space.params().iter().map(|param| param.name());
                let hint = nearest(name, known).map(|name| format!(" (did you mean {name:?}?)"));
                return Err(format!("no parameter {name:?}{}", hint.unwrap_or_default()));
            }
        }
    }
    let violation = space.violation(&config);
    if violation > 0.0 {
        return Err(format!("the parameters violate a constraint of the space by {violation}"));
    }
    Ok(config)
}

/// A number; the string that stands for one that JSON cannot write.
pub(super) fn number(x: f64) -> Value {
    match x {
        _ if x.is_nan() => "nan".into(),
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => x.into(),
    }
}

/// `"value"` of one number, `"values"` of several.
pub(super) fn values(values: &[f64]) -> (&'static str, Value) {
    match values {
        [value] => ("value", number(*value)),
        several => ("values", several.iter().copied().map(number).collect()),
    }
}
