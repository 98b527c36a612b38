//! Studies for the tests.
#![allow(dead_code, clippy::unwrap_used)]

use automl_report::StudyData;
use automl_space::{CategoricalDomain, Choice, Config, Domain, FloatDomain, IntDomain, Value};
use automl_storage::{RecordedParam, StudyRecord};
use automl_study::{Direction, Fidelity, Report, State, Trial};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// An empty record with these objectives and parameters.
pub(crate) fn record(
    name: &str,
    objectives: &[(&str, Direction)],
    params: Vec<(&str, Domain)>,
) -> StudyRecord {
    let names: Vec<&str> = objectives.iter().map(|(name, _)| *name).collect();
    StudyRecord {
        name: name.into(),
        place: "studies.db".into(),
        directions: objectives.iter().map(|(_, direction)| *direction).collect(),
        attributes: BTreeMap::from([("study:metric_names".into(), names.into())]),
        space: None,
        params: params
            .into_iter()
            .map(|(name, domain)| RecordedParam { name: name.into(), domain })
            .collect(),
        trials: Vec::new(),
    }
}

pub(crate) fn float(low: f64, high: f64) -> Domain {
    Domain::Float(FloatDomain::new(low, high, false, None).unwrap())
}

pub(crate) fn choice(choices: &[&str]) -> Domain {
    let choices = choices.iter().map(|choice| Choice::from(*choice)).collect();
    Domain::Categorical(CategoricalDomain::new(choices, false).unwrap())
}

/// A deterministic number in `[0, 1)`.
pub(crate) fn noise(n: u64) -> f64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 27)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A search in miniature: accuracy over nine epochs against size, with trials stopped at rungs 1 and
/// 3, failures, a choice and a conditional parameter.
pub(crate) fn search(trials: u64) -> StudyRecord {
    let objectives = [("accuracy", Direction::Maximize), ("size", Direction::Minimize)];
    let mut params =
        vec![("block", choice(&["conv", "depthwise", "none"])), ("width", float(1.0, 64.0))];
    params.push(("gain", float(0.0, 1.0)));
    let mut record = record("search", &objectives, params);
    for n in 0..trials {
        let draw = |k: u64| noise(8 * n + k);
        let mut config = Config::empty(3);
        let block = (3.0 * draw(0)) as usize;
        config.set(0, Some(Value::Category(block)));
        config.set(1, Some(Value::Float(1.0 + 63.0 * draw(1))));
        if block == 1 {
            config.set(2, Some(Value::Float(draw(2))));
        }
        let mut trial = Trial::waiting(n, config);
        let width = trial.config.value(1).unwrap().as_f64();
        trial.started = Some(1_000_000 * (5 * n) as i64);
        let (state, last) = match n % 10 {
            9 => (State::Failed, 0),
            0..=4 => (State::Pruned, if n % 2 == 0 { 1 } else { 3 }),
            _ => (State::Complete, 9),
        };
        let size = (width * width).round();
        let quality = 1.0 - 1.0 / (2.0 + width.sqrt()) - 0.1 * (block == 2) as u8 as f64;
        for epoch in 1..=last {
            let accuracy = quality * (1.0 - (-(epoch as f64) / 3.0).exp()) + 0.02 * draw(epoch + 3);
            trial.reports.push(Report { fidelity: Fidelity(epoch), values: vec![accuracy, size] });
        }
        trial.state = state;
        trial.finished = Some(1_000_000 * (5 * n + 3 + last) as i64);
        match trial.reports.last() {
            Some(report) => trial.values = report.values.clone(),
            None => {
                trial.attributes.insert("automl:reason".into(), "the loss became NaN".into());
            }
        }
        record.trials.push(trial);
    }
    record
}

pub(crate) fn data(record: StudyRecord) -> StudyData {
    StudyData::new(record, None)
}

/// A domain from Optuna's distribution.
pub(crate) fn domain(json: &Json) -> Domain {
    let attributes = &json["attributes"];
    let (low, high) = (attributes["low"].as_f64(), attributes["high"].as_f64());
    let log = attributes["log"] == true;
    match json["name"].as_str().unwrap() {
        "FloatDistribution" => {
            let step = attributes["step"].as_f64();
            Domain::Float(FloatDomain::new(low.unwrap(), high.unwrap(), log, step).unwrap())
        }
        "IntDistribution" => {
            let step = attributes["step"].as_i64().unwrap();
            let (low, high) = (low.unwrap() as i64, high.unwrap() as i64);
            Domain::Int(IntDomain::new(low, high, log, step).unwrap())
        }
        _ => {
            let choices = serde_json::from_value(attributes["choices"].clone()).unwrap();
            Domain::Categorical(CategoricalDomain::new(choices, false).unwrap())
        }
    }
}

const MODEL: &str = "\
input_channel: 1
input_size: [8, 8]
depth_multiple: 1.0
width_multiple: 1.0
backbone:
  - [1, Flatten, []]
  - [1, Linear, [2, null]]
";

/// Makes the folder of a network with so many errors, each with a picture of so many characters.
pub(crate) fn network(folder: &std::path::Path, errors: usize, length: usize) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("model.yaml"), MODEL).unwrap();
    let sample = |n: usize| {
        serde_json::json!({
            "image": n, "file": format!("cat/{n}<b>.png"), "class": "<i>cat", "predicted": "dog",
            "confidence": 0.97, "loss": 4.5,
            "picture": format!("data:image/png;base64,{}", "A".repeat(length)),
        })
    };
    let samples: Vec<serde_json::Value> = (0..errors).map(sample).collect();
    let errors =
        serde_json::json!({ "split": "test", "images": 359, "wrong": 34, "samples": samples });
    std::fs::write(folder.join("errors.json"), errors.to_string()).unwrap();
}
