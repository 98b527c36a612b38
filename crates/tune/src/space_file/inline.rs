//! Parameters as texts: `lr=float(1e-5,1e-1,log)`.

use automl_study::part::nearest;
use serde_json::{Map, Value, json};

/// The types and their arguments, for error texts.
const TYPES: &str = "float(LOW,HIGH), int(LOW,HIGH), choice(A,B,...) or ordinal(A,B,...)";

/// Reads `name=type(arguments)`, perhaps followed by `when PARENT=VALUE|VALUE`, into the JSON form
/// of a parameter.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let (name, domain) =
        text.split_once('=').ok_or_else(|| format!("is not of the form NAME={TYPES}"))?;
    let mut parameter = domain_of(domain.trim())?;
    parameter.insert("name".into(), name.trim().into());
    Ok(Value::Object(parameter))
}

/// Reads `type(arguments)` with its condition into the fields of the JSON form.
pub(super) fn domain_of(text: &str) -> Result<Map<String, Value>, String> {
    let (kind, rest) =
        text.split_once('(').ok_or_else(|| format!("{text:?} is not of the form {TYPES}"))?;
    let (arguments, rest) =
        rest.rsplit_once(')').ok_or("the parenthesis is not closed".to_owned())?;
    let arguments = split(arguments, ',');
    let mut fields = match kind.trim() {
        kind @ ("float" | "int") => number(kind, &arguments)?,
        kind @ ("choice" | "categorical" | "ordinal") => {
            let kind = if kind == "ordinal" { kind } else { "categorical" };
            let choices: Vec<Value> = arguments.iter().map(|text| literal(text)).collect();
            fields(&[("type", kind.into()), ("choices", choices.into())])
        }
        other => {
            let known = ["float", "int", "choice", "ordinal"];
            let hint = nearest(other, known).map(|name| format!(" (did you mean {name}?)"));
            return Err(format!("unknown type {other:?}{}: {TYPES}", hint.unwrap_or_default()));
        }
    };
    let rest = rest.trim();
    if !rest.is_empty() {
        let condition = rest.strip_prefix("when ").ok_or_else(|| {
            format!("{rest:?} after the parenthesis is not of the form `when PARENT=VALUE`")
        })?;
        let clauses = condition.split(" and ").map(clause).collect::<Result<Vec<_>, _>>()?;
        fields.insert("condition".into(), clauses.into());
    }
    Ok(fields)
}

fn fields(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn number(kind: &str, arguments: &[&str]) -> Result<Map<String, Value>, String> {
    let [low, high, options @ ..] = arguments else {
        return Err(format!("{kind} needs two limits: {kind}(LOW,HIGH)"));
    };
    let mut parameter =
        fields(&[("type", kind.into()), ("low", limit(low)?), ("high", limit(high)?)]);
    for option in options {
        match option.split_once('=') {
            None if *option == "log" => parameter.insert("log".into(), true.into()),
            Some(("step", step)) => parameter.insert("step".into(), limit(step)?),
            _ => return Err(format!("unknown option {option:?} of {kind}: log or step=NUMBER")),
        };
    }
    Ok(parameter)
}

fn limit(text: &str) -> Result<Value, String> {
    match literal(text) {
        number @ Value::Number(_) => Ok(number),
        _ => Err(format!("{text:?} is not a number")),
    }
}

/// A JSON literal, or else a string.
fn literal(text: &str) -> Value {
    let text = text.trim();
    let json = serde_json::from_str(text).ok();
    let json = json.filter(|json: &Value| !json.is_array() && !json.is_object());
    json.or_else(|| plain_float(text)).unwrap_or_else(|| text.into())
}

/// Numbers that JSON does not write so: `.5`, `1.`, `+3`.
fn plain_float(text: &str) -> Option<Value> {
    let begins =
        text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.parse().ok().filter(|x: &f64| begins && x.is_finite())?;
    Some(json!(number))
}

/// A condition on one parent: `parent=value|value`.
fn clause(text: &str) -> Result<Value, String> {
    let (parent, values) = text
        .split_once('=')
        .ok_or_else(|| format!("the condition {text:?} is not of the form PARENT=VALUE|VALUE"))?;
    let values: Vec<Value> = split(values, '|').iter().map(|value| literal(value)).collect();
    Ok(json!({ "parent": parent.trim(), "values": values }))
}

/// The trimmed parts between separators outside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let parts = text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    });
    parts.map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_options_and_conditions_are_read() {
        for (text, expected) in [
            (
                "lr=float(1e-5, .1, log)",
                json!({"name": "lr", "type": "float", "low": 1e-5, "high": 0.1, "log": true}),
            ),
            (
                "width=int(8,64,step=8)",
                json!({"name": "width", "type": "int", "low": 8, "high": 64, "step": 8}),
            ),
            (
                "opt=choice(adam,\"a,b\",3,true)",
                json!({"name": "opt", "type": "categorical", "choices": ["adam", "a,b", 3, true]}),
            ),
            (
                "m=float(0,1) when opt=sgd|rms and x=3",
                json!({"name": "m", "type": "float", "low": 0, "high": 1, "condition": [
                    {"parent": "opt", "values": ["sgd", "rms"]}, {"parent": "x", "values": [3]}]}),
            ),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (text, part) in [
            ("lr", "NAME="),
            ("lr=float", "float(LOW,HIGH)"),
            ("lr=float(1,2", "not closed"),
            ("lr=float(1)", "two limits"),
            ("lr=float(1,two)", "\"two\" is not a number"),
            ("lr=float(1,2,lag)", "\"lag\""),
            ("lr=foat(1,2)", "did you mean float?"),
            ("lr=float(1,2) if x", "when"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
