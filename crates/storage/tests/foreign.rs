//! Studies that another program began in the same schema.
#![allow(clippy::unwrap_used)]

mod common;

use automl_space::{Choice, Space};
use automl_storage::{SqliteStorage, StudyRecord, open};
use automl_study::{Direction, State, Storage, Study, Trial};
use common::Place;
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
}

/// The distribution of `x`, or of `n`, with another upper bound.
fn wider(kind: &str, high: f64) -> String {
    let step = if kind == "Int" { "1" } else { "null" };
    format!(
        "{{\"name\": \"{kind}Distribution\", \"attributes\": \
         {{\"step\": {step}, \"low\": 0, \"high\": {high}, \"log\": false}}}}"
    )
}

/// A study that we began, with one finished trial, and a connection to its file.
fn ours(folder: &TempDir) -> (PathBuf, Connection, Study) {
    let path = folder.path().join("study.db");
    let storage = SqliteStorage::open(&path, "test").unwrap();
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    let first = study.ask().unwrap().number;
    study.tell(first, 0.5).unwrap();
    let connection = Connection::open(&path).unwrap();
    (path, connection, study)
}

/// Rows of another program that do not fit, each with what is said of it.
fn misfits() -> Vec<(&'static str, String, &'static str)> {
    let trial =
        |state: &str| format!("INSERT INTO trials VALUES (2, 1, 1, '{state}', NULL, NULL);");
    let fixed = |json: &str| {
        let attribute = "INSERT INTO trial_system_attributes VALUES (1, 2, 'fixed_params',";
        format!("{}{attribute} '{json}');", trial("WAITING"))
    };
    let param = |state: &str, name: &str, value: f64, distribution: &str| {
        let insert =
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)";
        format!("{}{insert} VALUES (2, '{name}', {value}, '{distribution}');", trial(state))
    };
    let complete = "INSERT INTO trial_values VALUES (9, 2, 0, 0.25, 'FINITE');";
    vec![
        ("queued out of range", fixed("{\"x\": 7}"), "\"x\" cannot have 7"),
        ("queued text", fixed("{\"x\": \"0.5\"}"), "\"x\" cannot have \"0.5\""),
        ("queued list", fixed("{\"n\": [1], \"kind\": \"b\"}"), "\"n\" cannot have [1]"),
        ("queued huge", fixed("{\"n\": 18446744073709551615}"), "18446744073709551615"),
        ("wider", param("RUNNING", "x", 5.0, &wider("Float", 10.0)), "\"x\" has the value 5"),
        ("other kind", param("RUNNING", "x", 1.0, &wider("Int", 10.0)), "IntDistribution"),
        ("extra", param("RUNNING", "other", 0.5, &wider("Float", 1.0)), "\"other\" is not in"),
        ("finished", param("COMPLETE", "x", 5.0, &wider("Float", 9.0)) + complete, "\"x\""),
        ("pruned", param("PRUNED", "other", 0.5, &wider("Float", 1.0)), "\"other\""),
        ("unknown state", trial("RESTING"), "\"RESTING\""),
    ]
}

/// A row that does not fit is set aside and noted, and everything else goes on: here, in every other
/// process, and when the study is opened again. The row itself stays as it is.
#[test]
fn what_does_not_fit_is_set_aside() {
    for (case, rows, said) in misfits() {
        let folder = TempDir::new().unwrap();
        let (path, connection, mut study) = ours(&folder);
        connection.execute_batch(&rows).unwrap();
        let dump = || {
            let text =
                |sql: &str| -> String { connection.query_row(sql, (), |row| row.get(0)).unwrap() };
            text("SELECT state FROM trials WHERE trial_id = 2")
                + &text(
                    "SELECT COALESCE(group_concat(param_name || param_value), '')
                         FROM trial_params WHERE trial_id = 2",
                )
        };
        let before = dump();
        let again = || Study::builder(space()).storage(SqliteStorage::open(&path, "test").unwrap());
        for number in [2, 3] {
            let job = study.ask().unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(job.number, number, "{case}");
            study.tell(number, 0.25).unwrap();
        }
        let mut other = again().build().unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(other.ask().unwrap().number, 4, "{case}");
        for study in [&study, &other] {
            let trial = study.history().get(1).unwrap();
            assert!(trial.is_set_aside() && trial.values.is_empty(), "{case}");
            assert!(trial.misfit().unwrap().contains(said), "{case}: {:?}", trial.misfit());
            assert!(!study.history().seen(&trial.config) || study.history().len() > 5);
        }
        let journal = other.storage().unwrap().attribute("automl:set-aside:1").unwrap().unwrap();
        assert!(journal["reason"].as_str().unwrap().contains(said), "{case}: {journal}");
        let url = path.display().to_string();
        let listed = automl_storage::StudyRecord::read(&url, Some("test")).unwrap().set_aside();
        assert_eq!(listed.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1], "{case}");
        other.recover_all().unwrap();
        study.finalize().unwrap();
        assert_eq!(dump(), before, "{case}");
    }
}

#[test]
fn what_was_set_aside_is_listed_wherever_the_study_is_kept() {
    for place in Place::all() {
        let mut study = Study::builder(space()).storage(place.open("test")).build().unwrap();
        let record = study.storage().unwrap();
        for number in [12, 3] {
            let entry = serde_json::json!({ "reason": format!("misfit {number}"), "time": 0 });
            record.set_attribute(&format!("automl:set-aside:{number}"), &entry).unwrap();
        }
        let listed = StudyRecord::read(&place.url(), Some("test")).unwrap().set_aside();
        let listed: Vec<_> = listed.iter().map(|entry| (entry.number, &*entry.reason)).collect();
        assert_eq!(listed, [(3, "misfit 3"), (12, "misfit 12")]);
    }
}

/// A row that fits later joins the study.
#[test]
fn what_fits_later_is_taken() {
    let folder = TempDir::new().unwrap();
    let (_, connection, mut study) = ours(&folder);
    let rows = "INSERT INTO trials VALUES (2, 1, 1, 'WAITING', NULL, NULL);
                INSERT INTO trial_system_attributes VALUES (1, 2, 'fixed_params', '{\"x\": 7}');";
    connection.execute_batch(rows).unwrap();
    assert_eq!(study.ask().unwrap().number, 2);
    let fits = "UPDATE trial_system_attributes SET value_json = '{\"x\": 0.5}' WHERE trial_id = 2";
    connection.execute_batch(fits).unwrap();
    let taken = study.ask().unwrap();
    assert_eq!((taken.number.0, taken.config.value(0)), (1, Some(automl_space::Value::Float(0.5))));
    assert_eq!(study.ask().unwrap().number, 3);
}

/// What is queued, or runs, with fixed parameters has exactly those; `True` is 1 as in Python.
#[test]
fn fixed_parameters_are_kept() {
    let mut builder = Space::builder();
    builder.choice("c", [0_i64, 1]).add().unwrap();
    builder.choice("b", [false, true]).add().unwrap();
    builder.int("n", 0..=9).add().unwrap();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let expected = [Choice::Int(1), Choice::Bool(true), Choice::Int(1), Choice::Float(0.75)];
    for fixed in [
        "{\"c\": true, \"b\": 1, \"n\": true, \"x\": 0.75}",
        "{\"c\": 1.0, \"b\": true, \"n\": 1.0, \"x\": 0.75, \"unused\": 3}",
    ] {
        for state in ["WAITING", "RUNNING"] {
            let folder = TempDir::new().unwrap();
            let (path, connection) = foreign(&folder, state);
            let insert = "INSERT INTO trial_system_attributes VALUES (1, 1, 'fixed_params', ?1)";
            connection.execute(insert, [fixed]).unwrap();
            let storage = SqliteStorage::open(&path, "test").unwrap();
            let mut study = Study::builder(space.clone()).storage(storage).alone().build().unwrap();
            study.recover().unwrap();
            let job = study.ask().unwrap();
            assert_eq!(job.number, 0, "{state} {fixed}");
            let found: Vec<Choice> =
                space.describe(&job.config).map(|(_, choice)| choice).collect();
            assert_eq!(found, expected, "{state} {fixed}");
        }
    }
}

/// Constraints of Optuna 5 are attributes with names, those of earlier versions a list. They are
/// written as attributes, under the names that the study has.
#[test]
fn constraints_are_read_and_written_as_optuna_does() {
    let folder = TempDir::new().unwrap();
    let (path, connection, study) = ours(&folder);
    drop(study);
    let rows: String = (1..=3)
        .map(|k| {
            format!(
                "INSERT INTO trials VALUES ({0}, {k}, 1, 'COMPLETE', NULL, NULL);
                 INSERT INTO trial_values VALUES ({0}, {0}, 0, 0.25, 'FINITE');
                 INSERT INTO trial_params VALUES ({0}0, {0}, 'x', 0.5, '{1}');
                 INSERT INTO trial_params VALUES ({0}1, {0}, 'kind', 0, '{2}');",
                k + 1,
                wider("Float", 1.0),
                "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [\"a\", \"b\"]}}"
            )
        })
        .collect();
    let attributes = "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES
        (2, 'constraints', '[-1, 2.5]'), (3, 'constraints:weight', '-Infinity'),
        (3, 'constraints:half', '0.5'), (4, 'constraints:half', '-1.0'),
        (4, 'constraints:weight', '-2');";
    connection.execute_batch(&(rows + attributes)).unwrap();
    let storage = SqliteStorage::open(&path, "test").unwrap();
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    let constraints = |k: u64| study.history().get(k).unwrap().constraints.clone();
    assert_eq!(constraints(1), [-1.0, 2.5]);
    assert_eq!(constraints(2), [0.5, f64::NEG_INFINITY]);
    assert_eq!(constraints(3), [-1.0, -2.0]);
    let feasible = [0, 1, 2, 3].map(|k| study.history().get(k).unwrap().is_feasible());
    assert_eq!(feasible, [true, false, false, true]);
    let number = study.ask().unwrap().number;
    let outcome =
        automl_study::Outcome::Complete { values: vec![1.0], constraints: vec![0.25, -3.0] };
    study.tell(number, outcome).unwrap();
    let mut query = connection
        .prepare(
            "SELECT key, value_json FROM trial_system_attributes JOIN trials USING (trial_id)
             WHERE number = 4 ORDER BY key",
        )
        .unwrap();
    let rows = query.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let written: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(written, [pair("constraints:half", "0.25"), pair("constraints:weight", "-3.0")]);
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

/// Names that a database cannot hold are refused before anything is written.
#[test]
fn names_with_nul_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let error = SqliteStorage::open(&path, "a\0b").map(drop).unwrap_err().to_string();
    assert!(error.contains("NUL") && !error.contains('\0'), "{error}");
    let mut builder = Space::builder();
    builder.float("x\0", 0.0..=1.0).add().unwrap();
    let error = attach(&path, &builder.build().unwrap()).unwrap_err();
    assert!(error.contains("NUL") && error.contains("parameter"), "{error}");
    assert!(attach(&path, &space()).unwrap().is_empty());
}

/// PostgreSQL's columns of names have an end, at which a name would only fail once it is written.
#[test]
fn names_that_are_too_long_are_refused() {
    let Some(place) = Place::postgres() else { return };
    let name = |length: usize| "\u{fc}".repeat(length);
    let built = |study: &str, param: &str| {
        let mut builder = Space::builder();
        builder.float(param, 0.0..=1.0).add().unwrap();
        let storage = open(&place.url(), study).map_err(|e| e.to_string())?;
        let study = Study::builder(builder.build().unwrap()).storage(storage).build();
        study.map_err(|e| e.to_string())
    };
    for (study, param, what) in [(name(513), name(1), "study"), (name(1), name(513), "parameter")] {
        let error = built(&study, &param).map(drop).unwrap_err();
        assert!(error.contains("512 characters") && error.contains(what), "{error}");
    }
    // Nothing was left behind, and what fits is kept.
    let mut study = built(&name(512), &name(512)).unwrap();
    let job = study.ask().unwrap();
    study.tell(job.number, 0.5).unwrap();
    let studies = StudyRecord::list(&place.url()).unwrap();
    assert_eq!(studies.iter().map(|study| study.name.clone()).collect::<Vec<_>>(), [name(512)]);
}

/// A damaged file is an error on opening, and stays as it is.
#[test]
fn a_damaged_file_is_an_error() {
    let folder = TempDir::new().unwrap();
    let (path, connection, mut study) = ours(&folder);
    for _ in 0..200 {
        let number = study.ask().unwrap().number;
        study.tell(number, 0.5).unwrap();
    }
    drop((study, connection));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xff);
    assert!(automl_storage::integrity(&path).unwrap().is_empty());
    std::fs::write(&path, &bytes).unwrap();
    assert!(automl_storage::integrity(&path).map_or(true, |found| !found.is_empty()));
    let error = SqliteStorage::open(&path, "test").map(drop).unwrap_err().to_string();
    assert!(error.contains("study.db"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// What was told is in the file itself, not only in the log beside it.
#[test]
fn the_file_alone_holds_what_was_told() {
    let folder = TempDir::new().unwrap();
    let (path, _connection, _study) = ours(&folder);
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    let trials = attach(&copy, &space()).unwrap();
    assert_eq!(trials.iter().filter(|trial| trial.state == State::Complete).count(), 1);
}
