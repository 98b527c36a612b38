//! Hyperband's brackets against exact arithmetic: `testdata/reference.json`, made by `reference.py`
//! beside it.
#![allow(clippy::unwrap_used)]

use automl_scheduler::Bracket;
use automl_study::Ladder;
use serde_json::{Value, json};

#[test]
fn brackets_are_those_of_the_paper() {
    let text = include_str!("../testdata/reference.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let (eta, top) = (case["eta"].as_f64().unwrap(), case["top"].as_u64().unwrap());
        let ladder = Ladder::new("epoch", 1, top, true).unwrap();
        let brackets: Vec<Vec<(usize, u64)>> = Bracket::hyperband(&ladder, eta)
            .unwrap()
            .iter()
            .map(|bracket| {
                let rungs = bracket.sizes().iter().zip(bracket.fidelities());
                rungs.map(|(size, fidelity)| (*size, fidelity.0)).collect()
            })
            .collect();
        assert_eq!(json!(brackets), case["brackets"], "eta {eta}, top {top}");
    }
}
