//! The example `examples/tune/digits.py`: ASHA with checkpoints against full trainings.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use automl_tune::{Fidelity, Objective, SpaceFile, TuneSettings};
use common::run;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of `AUTOML_PYTHON`, if it has scikit-learn.
fn python() -> Option<String> {
    let python = std::env::var("AUTOML_PYTHON").ok();
    let found = python.filter(|python| {
        let check = Command::new(python).args(["-c", "import sklearn"]).output();
        check.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        println!("skipped: AUTOML_PYTHON names no Python with scikit-learn");
    }
    found
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tune").join(name)
}

/// Runs a study; the best accuracy at the last epoch, and the epochs that were trained in all.
fn study(python: &str, scheduler: &str, trials: u64, lowest: u64) -> (f64, u64) {
    let runs = tempfile::tempdir().unwrap();
    let read = SpaceFile::read(Some(&example("digits.toml")), &[]).unwrap();
    let script = example("digits.py").display().to_string();
    let command =
        [python, &script, "{params}", "--epochs", "{epochs}", "--checkpoint", "{checkpoint}"];
    let space = read.space.clone();
    let mut settings = TuneSettings::new(space.clone(), command.map(str::to_owned).to_vec());
    settings.fidelity = read.fidelity.map(|fidelity| Fidelity { min: lowest, ..fidelity });
    settings.objectives = vec![Objective::maximize("accuracy")];
    settings.scheduler = scheduler.parse().unwrap();
    settings.trials = trials;
    settings.workers = Some(2);
    settings.seed = Some(1);
    settings.study = Some("study".into());
    settings.runs = runs.path().to_owned();
    let (outcome, lines) = run(&settings);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.failed, 0, "{lines:?}");
    let path = runs.path().join("study/study.db");
    let storage = automl_storage::SqliteStorage::open(path, "study").unwrap();
    let study = automl_study::Study::builder(space)
        .direction(automl_study::Direction::Maximize)
        .storage(storage)
        .build()
        .unwrap();
    let epochs = study.history().trials().iter().map(|trial| trial.fidelity().0).sum();
    (outcome.best[0].values["accuracy"].as_f64().unwrap(), epochs)
}

/// Of nine trials three go on after 3 epochs, and one after 9.
#[test]
fn few_trials_are_trained_to_the_end() {
    let Some(python) = python() else { return };
    let (accuracy, epochs) = study(&python, "asha", 9, 3);
    println!("ASHA, 9 trials: {accuracy:.4} after {epochs} epochs");
    assert!(epochs < 9 * 27 / 2, "{epochs}");
}

/// Takes minutes: about a hundred starts of Python.
#[test]
#[ignore = "takes minutes"]
fn asha_reaches_full_trainings_at_a_third_of_their_epochs() {
    let Some(python) = python() else { return };
    let (full, all) = study(&python, "none", 40, 1);
    let (asha, some) = study(&python, "asha", 40, 1);
    println!("full: {full:.4} after {all} epochs; ASHA: {asha:.4} after {some} epochs");
    assert!(some * 3 <= all, "{some} of {all} epochs");
    // The standard error of an accuracy of 97 % on 599 images.
    assert!(asha >= full - 0.007, "{asha} against {full}");
}
