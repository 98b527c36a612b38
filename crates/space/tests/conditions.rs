//! Conditions that mean nothing are refused, with the name of the child.
#![allow(clippy::unwrap_used)]

use automl_space::Space;
use serde_json::{Value, json};

fn refused(json: &Value, named: &[&str]) {
    let error = Space::from_json(json).unwrap_err().to_string();
    for name in named {
        assert!(error.contains(name), "{json} gave {error:?}");
    }
}

fn parents() -> [Value; 3] {
    [
        json!({"name": "booster", "type": "categorical", "choices": ["a", "b"]}),
        json!({"name": "size", "type": "ordinal", "choices": ["s", "m", "l"]}),
        json!({"name": "depth", "type": "int", "low": 1, "high": 9}),
    ]
}

/// The space of the parents and of one child with this condition.
fn child(condition: &Value) -> Value {
    let mut list = parents().to_vec();
    let (low, high) = (0.0, 1.0);
    list.push(json!({"name": "eta", "type": "float", "low": low, "high": high,
                     "condition": condition}));
    list.into()
}

/// The space of the parents with this clause forbidden.
fn forbidden(clause: &Value) -> Value {
    json!({"parameters": parents(), "constraints": [{"forbidden": [clause]}]})
}

#[test]
fn a_clause_has_values_or_a_range() {
    for parent in ["booster", "size", "depth"] {
        let bare = json!({"parent": parent});
        refused(&child(&bare), &["\"eta\"", "values", "low", "high"]);
        refused(&forbidden(&bare), &["#0", "values", "low", "high"]);
    }
    for bound in ["low", "high"] {
        let both = json!({"parent": "depth", "values": [3], bound: 2});
        refused(&child(&both), &["\"eta\"", "not both"]);
        refused(&forbidden(&both), &["#0", "not both"]);
    }
}

#[test]
fn a_range_needs_an_order() {
    let range = json!({"parent": "booster", "low": 1});
    refused(&child(&range), &["\"eta\"", "\"booster\"", "no order"]);
    refused(&forbidden(&range), &["#0", "\"booster\"", "no order"]);
    for parent in ["size", "depth"] {
        let range = json!({"parent": parent, "high": 1});
        Space::from_json(&child(&range)).unwrap();
        Space::from_json(&forbidden(&range)).unwrap();
    }
}

/// What cannot be written down cannot be built either.
#[test]
fn a_range_has_an_end() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    let n = builder.int("n", 1..=9).add().unwrap();
    let error = builder.float("x", 0.0..=1.0).when_between(kind, 0.0, 1.0).add().unwrap_err();
    assert!(error.to_string().contains("\"kind\""), "{error}");
    let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
    let error = builder.float("x", 0.0..=1.0).when_between(n, low, high).add().unwrap_err();
    assert!(error.to_string().contains("\"x\""), "{error}");
}

/// Integers beyond 64 signed bits would be rounded.
#[test]
fn integers_beyond_64_signed_bits_are_refused_for_their_size() {
    let choices = |n: &str| {
        let text =
            format!("[{{\"name\": \"seed\", \"type\": \"categorical\", \"choices\": [{n}, 5]}}]");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    for n in ["9223372036854775808", "18446744073709551615", "12345678901234567890"] {
        refused(&choices(n), &["\"seed\"", n, "64 signed bits"]);
    }
    for n in [i64::MAX, i64::MIN] {
        let space = Space::from_json(&choices(&n.to_string())).unwrap();
        assert_eq!(
            space.literal(&space.canonical(&automl_space::Config::empty(1)), 0),
            Some(n.into())
        );
    }
    let bounds = |high: u64| json!([{"name": "n", "type": "int", "low": 0, "high": high}]);
    refused(&bounds(u64::MAX), &["\"n\"", "\"high\"", "64 signed bits"]);
    // A bound of floats is a float.
    let wide = json!([{"name": "x", "type": "float", "low": 0, "high": u64::MAX}]);
    Space::from_json(&wide).unwrap();
}
