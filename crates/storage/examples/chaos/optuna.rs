//! The record as Optuna reads it, where `AUTOML_PYTHON` names a Python that has it.

use automl_study::{State, Trial};
use std::path::Path;
use std::process::Command;

/// Differences between what Optuna reads and the record; `None`, with a message, without Optuna.
pub(crate) fn differences(url: &str, trials: &[Trial]) -> Option<Vec<String>> {
    let Some(python) = std::env::var_os("AUTOML_PYTHON") else {
        println!("  not read by Optuna: AUTOML_PYTHON names no Python");
        return None;
    };
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(crate_folder.join("examples/chaos/optuna_read.py"))
        .args([url, "chaos"])
        .env("PYTHONPATH", crate_folder.join("tests"))
        .output()
        .unwrap();
    if output.status.code() == Some(9) {
        println!("  not read by Optuna: it is not installed, or has no driver of this database");
        return None;
    }
    if !output.status.success() {
        return Some(vec![format!("Optuna: {}", String::from_utf8_lossy(&output.stderr).trim())]);
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let read: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let mut found = Vec::new();
    if read.len() != trials.len() {
        found.push(format!("Optuna reads {} trials of {}", read.len(), trials.len()));
    }
    for (words, trial) in read.iter().zip(trials) {
        let values: Vec<f64> = words[2..].iter().filter_map(|word| word.parse().ok()).collect();
        let own: &[f64] = if trial.state == State::Complete { &trial.values } else { &[] };
        let state = automl_optuna::codec::state_name(trial.state);
        if words[..2] != [trial.number.to_string().as_str(), state] || values != own {
            found.push(format!("Optuna reads {words:?}, but {state} {own:?} is recorded"));
        }
    }
    println!("  Optuna reads {} trials, {} differently", read.len(), found.len());
    Some(found)
}
