//! Domains as Optuna's distributions.

use automl_space::{Choice, Domain};
use serde_json::{Value, json};

/// The largest integer up to which a column of floats holds every one: `2^53`.
const EXACT: u64 = 1 << 53;

/// The distribution of a domain, as Optuna's JSON.
pub(crate) fn distribution(domain: &Domain) -> String {
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

/// Why a value that was stored under a distribution means something else in a domain, in words.
/// Bounds and steps may differ, as they may from trial to trial in Optuna.
pub(crate) fn difference(stored: &str, domain: &Domain) -> Option<String> {
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
pub(crate) fn is_exact(domain: &Domain) -> bool {
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
