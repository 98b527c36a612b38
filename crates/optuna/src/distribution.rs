//! Domains as Optuna's distributions.

use automl_space::{CategoricalDomain, Choice, Domain, FloatDomain, IntDomain};
use serde_json::{Value, json};

/// The largest integer up to which a column of floats holds every one: `2^53`.
const EXACT: u64 = 1 << 53;

/// The distribution of a domain, as Optuna's JSON.
pub fn distribution(domain: &Domain) -> String {
    let name = name(domain);
    let attributes = match domain {
        Domain::Float(d) => {
            json!({ "step": d.step(), "low": d.low(), "high": d.high(), "log": d.log() })
        }
        Domain::Int(d) => {
            json!({ "step": d.step(), "low": d.low(), "high": d.high(), "log": d.log() })
        }
        Domain::Categorical(d) => json!({ "choices": d.choices() }),
    };
    json!({ "name": name, "attributes": attributes }).to_string()
}

fn name(domain: &Domain) -> &'static str {
    match domain {
        Domain::Float(_) => "FloatDistribution",
        Domain::Int(_) => "IntDistribution",
        Domain::Categorical(_) => "CategoricalDistribution",
    }
}

/// The domain of a distribution in Optuna's JSON, with the names of former versions; `None` where it
/// is not one.
///
/// # Examples
/// ```
/// use automl_optuna::distribution::domain;
///
/// let stored = r#"{"name": "LogUniformDistribution", "attributes": {"low": 1e-4, "high": 1.0}}"#;
/// assert!(domain(stored).is_some_and(|domain| domain.is_log()));
/// assert!(domain("{}").is_none());
/// ```
pub fn domain(stored: &str) -> Option<Domain> {
    let json: Value = crate::codec::parse_json(stored)?;
    let attributes = &json["attributes"];
    let number = |key: &str| attributes[key].as_f64();
    let float = |log: bool, step: &str| {
        let step = number(step).filter(|step| *step > 0.0);
        FloatDomain::new(number("low")?, number("high")?, log, step).ok().map(Domain::Float)
    };
    let int = |log: bool| {
        let (low, high) = (number("low")? as i64, number("high")? as i64);
        let step = number("step").map_or(1, |step| (step as i64).max(1));
        IntDomain::new(low, high, log, if log { 1 } else { step }).ok().map(Domain::Int)
    };
    let log = attributes["log"] == true;
    match json["name"].as_str()? {
        "FloatDistribution" | "UniformDistribution" => float(log, "step"),
        "LogUniformDistribution" => float(true, ""),
        "DiscreteUniformDistribution" => float(false, "q"),
        "IntDistribution" | "IntUniformDistribution" => int(log),
        "IntLogUniformDistribution" => int(true),
        "CategoricalDistribution" => Some(Domain::Categorical(choices(&attributes["choices"])?)),
        _ => None,
    }
}

/// The choices of a list. Those that a space does not hold (lists, two that are equal) are told apart
/// by their text.
fn choices(list: &Value) -> Option<CategoricalDomain> {
    let read = serde_json::from_value(list.clone()).ok();
    let plain = read.and_then(|choices| CategoricalDomain::new(choices, false).ok());
    plain.or_else(|| {
        let mut texts: Vec<Choice> = Vec::new();
        for choice in list.as_array()? {
            let mut text = choice.to_string();
            while texts.contains(&Choice::Str(text.clone())) {
                text.push('\'');
            }
            texts.push(Choice::Str(text));
        }
        CategoricalDomain::new(texts, false).ok()
    })
}

/// Why a value that was stored under a distribution means something else in a domain, in words.
/// Bounds and steps may differ, as they may from trial to trial in Optuna.
pub fn difference(stored: &str, domain: &Domain) -> Option<String> {
    if stored == distribution(domain) {
        return None;
    }
    let json: Value = crate::codec::parse_json(stored).unwrap_or_default();
    let kind = json["name"].as_str().unwrap_or("no distribution");
    if kind != name(domain) {
        return Some(format!("a value of {kind}, not {}", name(domain)));
    }
    let attributes = &json["attributes"];
    match domain {
        Domain::Categorical(d) => {
            let choices: Vec<Choice> =
                serde_json::from_value(attributes["choices"].clone()).unwrap_or_default();
            let same = choices.len() == d.choices().len()
                && choices.iter().zip(d.choices()).all(|(a, b)| a.matches(b));
            (!same).then(|| format!("a value of the choices {}", attributes["choices"]))
        }
        domain => {
            let log = attributes["log"] == true;
            (log != domain.is_log()).then(|| format!("a value with \"log\" {log}"))
        }
    }
}

/// Whether every value of a domain survives as a float.
pub fn is_exact(domain: &Domain) -> bool {
    match domain {
        Domain::Int(d) => d.low().unsigned_abs().max(d.high().unsigned_abs()) <= EXACT,
        Domain::Float(_) | Domain::Categorical(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Space;

    #[test]
    fn what_means_something_else_is_told_apart() {
        let mut builder = Space::builder();
        builder.choice("c", vec![Choice::Int(1), Choice::Null, "a".into()]).add().unwrap();
        builder.float("x", 1.0..=2.0).log().add().unwrap();
        builder.int("n", 0..=1 << 53).add().unwrap();
        builder.int("m", 0..=(1 << 53) + 1).add().unwrap();
        let space = builder.build().unwrap();
        let [c, x, n, m] = [0, 1, 2, 3].map(|i| space.params()[i].domain());
        for domain in [c, x, n, m] {
            assert_eq!(difference(&distribution(domain), domain), None);
        }
        let same = |json: Value, domain| difference(&json.to_string(), domain).is_none();
        let choices = |choices: Value| json!({ "name": "CategoricalDistribution", "attributes": { "choices": choices } });
        assert!(same(choices(json!([1.0, null, "a"])), c));
        assert!(!same(choices(json!([null, 1, "a"])), c));
        assert!(!same(choices(json!([1, null])), c));
        let float = |log: bool| {
            let attributes = json!({ "step": null, "low": 0.5, "high": 9.0, "log": log });
            json!({ "name": "FloatDistribution", "attributes": attributes })
        };
        assert!(same(float(true), x));
        assert!(!same(float(false), x));
        assert!(!same(float(false), n));
        assert!(difference("", x).is_some());
        assert_eq!([c, x, n, m].map(is_exact), [true, true, true, false]);
    }
}
