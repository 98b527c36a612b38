//! The check of the record against what the workers were told.

use super::worker;
use automl_study::{State, Trial};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The number of results that were acknowledged, and the violations of the invariants.
pub(crate) fn check(url: &str, folder: &Path) -> (usize, Vec<String>) {
    let study = worker::study(url, None).unwrap();
    let trials = study.history().trials();
    let mut violations = of_the_record(trials);
    // Who was told of a report or an end: once each.
    let mut told: BTreeMap<(u64, u64), String> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("told-") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (key, found, value) = match words.as_slice() {
                ["report", number, at, value] => {
                    let (number, at) = (number.parse().unwrap(), at.parse().unwrap());
                    let trial = trials.get(number as usize);
                    let found = trial.and_then(|t| t.report_at(at)).map(|r| r.values[0]);
                    ((number, at), found, *value)
                }
                ["end", number, value] => {
                    let number: u64 = number.parse().unwrap();
                    let trial = trials.get(number as usize);
                    let ended = trial.filter(|trial| trial.state == State::Complete);
                    ((number, u64::MAX), ended.map(|trial| trial.values[0]), *value)
                }
                // What fails is said, and a late worker may lose its trial.
                ["error", ..] | ["lost-late", ..] => continue,
                _ => {
                    violations.push(format!("{name}: {line}"));
                    continue;
                }
            };
            if found.map(|found| found.to_string()).as_deref() != Some(value) {
                violations.push(format!("{name}: {line}, but {found:?} is recorded"));
            }
            if let Some(other) = told.insert(key, name.clone()) {
                violations.push(format!("{name}: {line}, as {other} was told before"));
            }
        }
    }
    violations.extend(super::optuna::differences(url, trials).unwrap_or_default());
    (told.len(), violations)
}

/// The invariants that the record alone shows.
fn of_the_record(trials: &[Trial]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut configs = BTreeMap::new();
    for (index, trial) in trials.iter().enumerate() {
        if trial.number != index as u64 {
            violations.push(format!("trial {} stands at place {index}", trial.number));
        }
        if matches!(trial.state, State::Running | State::Waiting) {
            violations.push(format!("trial {index} is {:?} at the end", trial.state));
        }
        if let Some(other) = configs.insert(format!("{:?}", trial.config), index) {
            violations.push(format!("trials {other} and {index} have one configuration"));
        }
    }
    violations
}
