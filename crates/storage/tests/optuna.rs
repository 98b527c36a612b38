//! Optuna and its dashboard open what we write. Needs a Python with both: `$AUTOML_PYTHON`, or
//! `python3`; the test is skipped with a message where there is none.
#![allow(clippy::unwrap_used)]

use automl_space::Space;
use automl_storage::SqliteStorage;
use automl_study::{Direction, Ladder, Outcome, Study};
use std::path::PathBuf;
use std::process::Command;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("AUTOML_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let mut probe = Command::new(&python);
    probe.args(["-c", "import optuna, optuna_dashboard"]).env("PYTHONWARNINGS", "ignore");
    let found = probe.output().is_ok_and(|output| output.status.success());
    found.then_some(python)
}

#[test]
fn optuna_reads_our_studies() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with optuna and optuna-dashboard (set AUTOML_PYTHON)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut builder = Space::builder();
    let x = builder.float("x", 1e-3..=1.0).log().add().unwrap();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    builder.int("n", 1..=9).step(2).when(kind, "b").add().unwrap();
    let space = builder.build().unwrap();

    let storage = SqliteStorage::open(&path, "single").unwrap();
    let mut study = Study::builder(space.clone())
        .ladder(Ladder::new("epoch", 1, 5, true).unwrap())
        .storage(storage)
        .build()
        .unwrap();
    study.optimize(6, |config| config[x]).unwrap();
    let failed = study.ask().unwrap().number;
    study.tell(failed, Outcome::failed("no luck")).unwrap();
    let pruned = study.ask().unwrap().number;
    study.report(pruned, 1, vec![0.25]).unwrap();
    study.report(pruned, 2, vec![f64::NAN]).unwrap();
    study.report(pruned, 3, vec![0.75]).unwrap();
    study.tell(pruned, Outcome::Pruned).unwrap();
    let paused = study.ask().unwrap().number;
    study.report(paused, 1, vec![0.5]).unwrap();
    study.release(paused).unwrap();
    study.enqueue(space.sample(&mut automl_study::stream(1, 0, "test"))).unwrap();

    let storage = SqliteStorage::open(&path, "double").unwrap();
    let mut double = Study::builder(space)
        .directions([Direction::Minimize, Direction::Maximize])
        .storage(storage)
        .build()
        .unwrap();
    double.optimize(5, |config| [config[x], f64::INFINITY]).unwrap();

    let expected: Vec<serde_json::Value> = study
        .history()
        .trials()
        .iter()
        .map(|trial| {
            let params: serde_json::Map<String, serde_json::Value> = study
                .space()
                .describe(&trial.config)
                .map(|(name, choice)| (name.to_owned(), serde_json::to_value(choice).unwrap()))
                .collect();
            serde_json::json!({ "state": trial.state, "params": params, "values": trial.values })
        })
        .collect();
    let expected_path = folder.path().join("expected.json");
    std::fs::write(&expected_path, serde_json::to_string(&expected).unwrap()).unwrap();

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/optuna_check.py");
    let output = Command::new(python).arg(script).args([&path, &expected_path]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
}
