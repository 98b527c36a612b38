//! Importances agree with those of Optuna 5's PED-ANOVA evaluator on five studies: floats and integers
//! with steps and logarithms, choices, conditional parameters, maximization and two objectives.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use automl_report::{StudyData, importance};
use automl_space::{Config, Domain, Value};
use automl_storage::StudyRecord;
use automl_study::{Direction, State, Trial};
use serde_json::Value as Json;
use std::process::Command;

/// The largest difference of a share.
const WITHIN: f64 = 0.02;

/// Checks shares and order against Optuna's, a JSON object for each objective.
fn agree(data: &StudyData, expected: &Json) {
    for (objective, expected) in expected.as_array().unwrap().iter().enumerate() {
        let expected = expected.as_object().unwrap();
        let ranking = importance(data, objective);
        assert_eq!(ranking.len(), expected.len(), "{}", data.name());
        let name = |param: usize| data.params()[param].name.as_str();
        let theirs = |param: usize| expected[name(param)].as_f64().unwrap();
        for item in &ranking {
            let (share, other) = (item.share, theirs(item.param));
            let place = format!("{} {} of {objective}", data.name(), name(item.param));
            assert!((share - other).abs() < WITHIN, "{place}: {share} and Optuna {other}");
        }
        // In our order, Optuna's values do not rise.
        let shares: Vec<f64> = ranking.iter().map(|item| theirs(item.param)).collect();
        let falls = shares.windows(2).all(|pair| pair[0] >= pair[1] - 1e-9);
        assert!(falls, "{} objective {objective}: {shares:?}", data.name());
    }
}

/// The study of a fixture.
fn study(json: &Json) -> StudyData {
    let directions: Vec<(&str, Direction)> = json["directions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| ("value", if d == "minimize" { Direction::Minimize } else { Direction::Maximize }))
        .collect();
    let params: Vec<(&str, Domain)> = json["distributions"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, json)| (name.as_str(), common::domain(json)))
        .collect();
    let mut record = common::record(json["name"].as_str().unwrap(), &directions, params);
    for (number, row) in json["trials"].as_array().unwrap().iter().enumerate() {
        let mut config = Config::empty(record.params.len());
        for (at, param) in record.params.iter().enumerate() {
            let internal = row["params"][&param.name].as_f64();
            config.set(
                at,
                internal.map(|x| match param.domain {
                    Domain::Float(_) => Value::Float(x),
                    Domain::Int(_) => Value::Int(x as i64),
                    Domain::Categorical(_) => Value::Category(x as usize),
                }),
            );
        }
        let mut trial = Trial::waiting(number as u64, config);
        trial.state = State::Complete;
        trial.values =
            row["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        record.trials.push(trial);
    }
    common::data(record)
}

#[test]
fn kept_studies_agree_with_optuna() {
    let text = include_str!("../testdata/importance.json");
    let studies: Vec<Json> = serde_json::from_str(text).unwrap();
    assert_eq!(studies.len(), 5);
    for json in &studies {
        agree(&study(json), &json["importances"]);
    }
}

/// The same with databases that Optuna writes now, where `AUTOML_PYTHON` names an interpreter with it.
#[test]
fn databases_of_optuna_agree() {
    let Some(python) = std::env::var_os("AUTOML_PYTHON") else {
        eprintln!("skipped: AUTOML_PYTHON names no interpreter with Optuna");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/optuna_importance.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Json = serde_json::from_slice(&output.stdout).unwrap();
    for (name, importances) in found.as_object().unwrap() {
        let path = folder.path().join(format!("{name}.db")).display().to_string();
        agree(&common::data(StudyRecord::read(&path, None).unwrap()), importances);
    }
}
