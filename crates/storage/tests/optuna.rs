//! Optuna and its dashboard open what we write. Needs a Python with both: `$AUTOML_PYTHON`, or
//! `python3`; the test is skipped with a message where there is none.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use automl_space::Space;
use automl_study::{Direction, Ladder, Outcome, State, Study};
use common::Place;
use std::path::PathBuf;
use std::process::Command;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("AUTOML_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let mut probe = Command::new(&python);
    probe.args(["-c", "import optuna, optuna_dashboard"]).env("PYTHONWARNINGS", "ignore");
    let found = probe.output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no Python with optuna and optuna-dashboard (set AUTOML_PYTHON)");
    }
    found.then_some(python)
}

/// The databases that this Python can open.
fn places(python: &PathBuf) -> Vec<Place> {
    let probe = Command::new(python).args(["-c", "import psycopg"]).output().unwrap();
    let mut places = Place::all();
    if !probe.status.success() && places.len() > 2 {
        eprintln!("PostgreSQL is skipped: this Python has no psycopg");
        places.remove(1);
    }
    places
}

/// The database as SQLAlchemy names it.
fn url(place: &Place) -> String {
    match place {
        Place::File(_) => format!("sqlite:///{}", place.url()),
        Place::Journal(_) => place.url(),
        #[cfg(feature = "postgres")]
        Place::Schema { .. } => place.url(),
    }
}

fn run(python: &PathBuf, script: &str, args: &[&str]) {
    let script = format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).arg(script).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
}

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 1e-3..=1.0).log().add().unwrap();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    builder.int("n", 1..=9).step(2).when(kind, "b").add().unwrap();
    builder.build().unwrap()
}

#[test]
fn optuna_reads_our_studies() {
    let Some(python) = python() else { return };
    for place in places(&python) {
        reads(&python, &place);
    }
}

fn reads(python: &PathBuf, place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    let space = space();
    let x = space.float_key("x").unwrap();
    let storage = place.open("single");
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
    study.enqueue(space.sample(&mut automl_numeric::stream(1, 0, "test"))).unwrap();

    let storage = place.open("constrained");
    let mut constrained = Study::builder(space.clone()).storage(storage).build().unwrap();
    for (value, constraints) in [(0.0, vec![0.5, -1.0]), (1.0, vec![-0.5, f64::NEG_INFINITY])] {
        let number = constrained.ask().unwrap().number;
        let outcome = Outcome::Complete { values: vec![value], constraints };
        constrained.tell(number, outcome).unwrap();
    }

    let storage = place.open("double");
    let mut double = Study::builder(space)
        .directions([Direction::Minimize, Direction::Maximize])
        .storage(storage)
        .build()
        .unwrap();
    double.optimize(5, |config| [config[x], f64::INFINITY]).unwrap();
    let names = serde_json::json!(["error", "size"]);
    let storage = double.storage().unwrap();
    storage.set_attribute("study:metric_names", &names).unwrap();
    assert_eq!(storage.attribute("study:metric_names").unwrap(), Some(names));

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

    run(python, "optuna_check.py", &[&url(place), &expected_path.display().to_string()]);
}

/// A database that Optuna made is gone on with, and the other way round; of a worker of Optuna's that
/// has a heartbeat nothing is taken.
#[test]
fn optuna_and_we_share_a_study() {
    let Some(python) = python() else { return };
    for place in places(&python) {
        run(&python, "optuna_begin.py", &[&url(&place), "begin"]);
        let mut study = Study::builder(space()).storage(place.open("shared")).build().unwrap();
        assert_eq!(study.history().count(State::Complete), 4);
        assert_eq!(study.history().count(State::Failed), 1);
        assert_eq!(study.recover().unwrap(), 0);
        assert_eq!(study.history().count(State::Running), 1);
        // In a journal Optuna has no heartbeats.
        if !matches!(place, Place::Journal(_)) {
            assert!(study.tell(5, 1.0).unwrap_err().to_string().contains("result is refused"));
        }
        for number in 6..9 {
            assert_eq!(study.ask().unwrap().number, number);
            study.tell(number, 0.5).unwrap();
        }
        let running = study.ask().unwrap().number;
        run(&python, "optuna_begin.py", &[&url(&place), "go on"]);
        study.tell(running, 0.25).unwrap();
        assert_eq!(study.ask().unwrap().number, 12);
        assert_eq!(study.history().count(State::Complete), 10);
    }
}
