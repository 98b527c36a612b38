//! Studies that another program began in the same schema.
#![allow(clippy::unwrap_used)]

use automl_space::{Choice, Space};
use automl_storage::SqliteStorage;
use automl_study::{Direction, State, Storage, Study, Trial};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    builder.int("n", 1..=9).when(kind, "b").add().unwrap();
    builder.build().unwrap()
}

fn attach(path: &Path, space: &Space) -> Result<Vec<Trial>, String> {
    let mut storage = SqliteStorage::open(path, "test").unwrap();
    storage.attach(space, &[Direction::Minimize]).map_err(|e| e.to_string())
}

/// A study without a space, as Optuna makes it, of one trial in this state.
fn foreign(folder: &TempDir, state: &str) -> (PathBuf, Connection) {
    let path = folder.path().join("study.db");
    drop(SqliteStorage::open(&path, "test").unwrap());
    let connection = Connection::open(&path).unwrap();
    let rows = format!(
        "INSERT INTO studies VALUES (1, 'test');
         INSERT INTO study_directions VALUES (1, 'MINIMIZE', 1, 0);
         INSERT INTO trials VALUES (1, 0, 1, '{state}', NULL, NULL);"
    );
    connection.execute_batch(&rows).unwrap();
    (path, connection)
}

/// The error, or the literals, of a complete trial with one parameter as another program stored it.
fn stored(name: &str, value: f64, distribution: &str) -> Result<Vec<Choice>, String> {
    let folder = TempDir::new().unwrap();
    let (path, connection) = foreign(&folder, "COMPLETE");
    let insert = "INSERT INTO trial_params VALUES (1, 1, ?1, ?2, ?3)";
    connection.execute(insert, (name, value, distribution)).unwrap();
    let trials = attach(&path, &space())?;
    let space = space();
    let literals = space.describe(&trials[0].config).map(|(_, choice)| choice).collect();
    Ok(literals)
}

#[test]
fn values_that_mean_something_else_are_refused() {
    let float = |log: bool| {
        let bounds = format!("\"step\": null, \"low\": 0.25, \"high\": 1.0, \"log\": {log}");
        format!("{{\"name\": \"FloatDistribution\", \"attributes\": {{{bounds}}}}}")
    };
    let choices = |list: &str| {
        let attributes = format!("{{\"choices\": {list}}}");
        format!("{{\"name\": \"CategoricalDistribution\", \"attributes\": {attributes}}}")
    };
    assert_eq!(stored("x", 0.5, &float(false)).unwrap(), [Choice::Float(0.5)]);
    assert_eq!(stored("kind", 1.0, &choices("[\"a\", \"b\"]")).unwrap(), ["b".into()]);
    let whole = float(false).replace("Float", "Int");
    for (name, value, distribution) in [
        ("x", 0.5, float(true)),
        ("x", 1.0, whole),
        ("kind", 1.0, choices("[\"b\", \"a\"]")),
        ("kind", 1.0, choices("[\"a\", \"b\", \"c\"]")),
        ("kind", 1.0, float(false)),
        ("other", 1.0, float(false)),
    ] {
        let error = stored(name, value, &distribution).unwrap_err();
        assert!(error.contains(&format!("{name:?}")), "{error}");
    }
}

#[test]
fn enqueued_trials_are_completed() {
    let enqueued = |fixed: &str| {
        let folder = TempDir::new().unwrap();
        let (path, connection) = foreign(&folder, "WAITING");
        let insert = "INSERT INTO trial_system_attributes VALUES (1, 1, 'fixed_params', ?1)";
        connection.execute(insert, [fixed]).unwrap();
        attach(&path, &space()).map(|trials| {
            let trial = &trials[0];
            assert_eq!(trial.state, State::Waiting);
            space().check(&trial.config).unwrap();
            // All readers see the same.
            assert_eq!(attach(&path, &space()).unwrap()[0].config, trial.config);
            space().describe(&trial.config).map(|(_, choice)| choice).collect::<Vec<_>>()
        })
    };
    let x = Choice::Float;
    assert_eq!(enqueued("{\"x\": 0.125}").unwrap(), [x(0.125), "a".into()]);
    let both = [x(0.125), "b".into(), Choice::Int(5)];
    assert_eq!(enqueued("{\"x\": 0.125, \"kind\": \"b\"}").unwrap(), both);
    assert_eq!(enqueued("{\"n\": 3, \"y\": [1], \"kind\": \"a\"}").unwrap(), [x(0.5), "a".into()]);
    assert_eq!(enqueued("{}").unwrap(), [x(0.5), "a".into()]);
    let error = enqueued("{\"x\": 7}").unwrap_err();
    assert!(error.contains("\"x\"") && error.contains('7'), "{error}");
}

/// What another program adds later and does not fit is an error each time, and nothing stands still.
#[test]
fn what_does_not_fit_is_told_each_time() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let storage = SqliteStorage::open(&path, "test").unwrap();
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    let _ = study.ask().unwrap();
    let connection = Connection::open(&path).unwrap();
    let rows = "INSERT INTO trials VALUES (2, 1, 1, 'WAITING', NULL, NULL);
                INSERT INTO trial_system_attributes VALUES (1, 2, 'fixed_params', '{\"x\": 7}');";
    connection.execute_batch(rows).unwrap();
    for _ in 0..3 {
        let error = study.ask().unwrap_err().to_string();
        assert!(error.contains("\"x\"") && error.contains('7'), "{error}");
    }
    let fits = "UPDATE trial_system_attributes SET value_json = '{\"x\": 0.5}' WHERE trial_id = 2";
    connection.execute_batch(fits).unwrap();
    assert_eq!(study.ask().unwrap().number, 1);
    assert_eq!(study.ask().unwrap().number, 2);
}

/// What another program runs is not taken for a dead worker's, however old its heartbeat is.
#[test]
fn what_another_program_runs_is_left_to_it() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = foreign(&folder, "RUNNING");
    let old = "INSERT INTO trial_heartbeats VALUES (1, 1, '2020-01-01 00:00:00.000000')";
    connection.execute_batch(old).unwrap();
    let open = || Study::builder(space()).storage(SqliteStorage::open(&path, "test").unwrap());
    let mut study = open().build().unwrap();
    assert_eq!(study.recover().unwrap(), 0);
    study.refresh().unwrap();
    assert_eq!(study.history().get(0).unwrap().state, State::Running);
    // Neither is one that it took from those that a worker had put back.
    let job = study.ask().unwrap();
    study.release(job.number).unwrap();
    connection.execute_batch("UPDATE trials SET state = 'RUNNING' WHERE number = 1").unwrap();
    let again = open().build().unwrap().recover().unwrap();
    assert_eq!(again, 0);
    assert_eq!(study.recover_all().unwrap(), 2);
}

#[test]
fn integers_that_floats_cannot_hold_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let with = |high: i64| {
        let mut builder = Space::builder();
        builder.int("seed", 0..=high).add().unwrap();
        builder.build().unwrap()
    };
    let error = attach(&path, &with(i64::MAX)).unwrap_err();
    assert!(error.contains("\"seed\"") && error.contains("2^53"), "{error}");
    let space = with(1 << 53);
    let mut storage = SqliteStorage::open(&path, "test").unwrap();
    storage.attach(&space, &[Direction::Minimize]).unwrap();
    let literal = Choice::Int((1 << 53) - 1);
    let mut trial = Trial::waiting(0, space.config([("seed", literal.clone())]).unwrap());
    trial.state = State::Running;
    storage.create(&trial).unwrap();
    let trials = attach(&path, &space).unwrap();
    assert_eq!(space.literal(&trials[0].config, 0), Some(literal));
}
