//! One suite for every storage.
#![allow(clippy::unwrap_used)]

mod common;

use automl_numeric::stream;
use automl_space::{Choice, Config, Space, Value};
use automl_storage::{MemoryStorage, SqliteStorage, studies};
use automl_study::{
    Direction, Fidelity, Ladder, Outcome, RandomSampler, Report, SharedStorage, SobolSampler,
    State, Storage, StoreError, Study, Trial, TrialId,
};
use common::Place;
use proptest::prelude::*;
use std::path::Path;
use tempfile::TempDir;

/// A way to get handles of one record.
type Factory<'a> = &'a dyn Fn() -> Box<dyn SharedStorage>;

/// Runs a test on a shared memory, on one database file, and on a PostgreSQL if there is one.
fn each(test: impl Fn(Factory<'_>)) {
    let memory = MemoryStorage::new();
    test(&|| Box::new(memory.clone()));
    for place in Place::all() {
        test(&|| place.open("test"));
    }
}

fn sqlite(path: &Path) -> SqliteStorage {
    SqliteStorage::open(path, "test").unwrap()
}

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("lr", 1e-4..=1.0).log().add().unwrap();
    let choices = vec![
        Choice::Null,
        Choice::Bool(true),
        Choice::Int(3),
        Choice::Float(0.5),
        Choice::Str("z \"quoted\" ü".into()),
    ];
    let kind = builder.choice("kind", choices).add().unwrap();
    builder.int("n", -5..=5).step(5).when(kind, 3).add().unwrap();
    builder.float("grid", 0.0..=1.0).step(0.1).add().unwrap();
    builder.build().unwrap()
}

const TWO: [Direction; 2] = [Direction::Minimize, Direction::Maximize];

fn config(seed: u64) -> Config {
    space().sample(&mut stream(seed, 0, "test"))
}

fn running(seed: u64) -> Trial {
    let mut trial = Trial::waiting(0, config(seed));
    trial.state = State::Running;
    trial.started = Some(1_795_000_000_123_456 + seed as i64);
    trial
}

#[test]
fn everything_written_is_read_back() {
    each(|open| {
        let mut storage = open();
        assert!(storage.attach(&space(), &TWO).unwrap().is_empty());
        let mut expected = Vec::new();
        for seed in 0..40 {
            let mut trial = running(seed);
            trial.attributes.insert("note".into(), serde_json::json!({ "a": [1, null, "x"] }));
            trial.number = storage.create(&trial).unwrap();
            assert_eq!(trial.number, seed);
            for step in 1..=seed % 4 {
                let values =
                    vec![step as f64 / 3.0, [f64::NAN, f64::INFINITY, -1.5][step as usize - 1]];
                let report = Report { fidelity: Fidelity(step), values };
                storage.report(TrialId(seed), &report).unwrap();
                trial.reports.push(report);
            }
            trial.state =
                [State::Running, State::Paused, State::Complete, State::Pruned, State::Failed]
                    [seed as usize % 5];
            if trial.state == State::Complete {
                trial.values = vec![f64::NEG_INFINITY, seed as f64 * 0.1];
                trial.constraints = vec![-1.0, f64::INFINITY];
            }
            if trial.state.is_finished() {
                trial.finished = Some(1_795_000_001_000_000);
            }
            assert!(storage.transition(State::Running, &trial).unwrap());
            expected.push(trial);
        }
        let mut waiting = Trial::waiting(0, config(99));
        waiting.number = storage.create(&waiting).unwrap();
        expected.push(waiting);
        storage.set_attribute("answer", &serde_json::json!({ "x": 42 })).unwrap();
        drop(storage);
        let mut storage = open();
        // NaN differs from itself, so trials are compared as text.
        let text = |trials: &[Trial]| format!("{trials:#?}");
        assert_eq!(text(&storage.attach(&space(), &TWO).unwrap()), text(&expected));
        assert_eq!(text(&storage.trials_from(TrialId(37)).unwrap()), text(&expected[37..]));
        assert_eq!(storage.attribute("answer").unwrap(), Some(serde_json::json!({ "x": 42 })));
        assert_eq!(storage.attribute("question").unwrap(), None);
    });
}

#[test]
fn finished_trials_never_change() {
    each(|open| {
        let mut storage = open();
        storage.attach(&space(), &TWO).unwrap();
        let mut trial = running(1);
        storage.create(&trial).unwrap();
        trial.state = State::Complete;
        trial.values = vec![1.0, 2.0];
        assert!(storage.transition(State::Running, &trial).unwrap());
        trial.values = vec![0.0, 0.0];
        let refused = |e: StoreError| matches!(e, StoreError::Finished { number: TrialId(0) });
        assert!(refused(storage.transition(State::Complete, &trial).unwrap_err()));
        let report = Report { fidelity: Fidelity(1), values: vec![0.0, 0.0] };
        assert!(refused(storage.report(TrialId(0), &report).unwrap_err()));
        let unknown = storage.report(TrialId(7), &report).unwrap_err();
        assert!(matches!(unknown, StoreError::Unknown { number: TrialId(7) }));
        assert_eq!(storage.trials_from(TrialId(0)).unwrap()[0].values, [1.0, 2.0]);
    });
}

#[test]
fn of_several_claims_one_succeeds() {
    each(|open| {
        let mut storage = open();
        storage.attach(&space(), &TWO).unwrap();
        for seed in 0..20 {
            storage.create(&Trial::waiting(0, config(seed))).unwrap();
        }
        let handles: Vec<Box<dyn SharedStorage>> = (0..4).map(|_| open()).collect();
        let won: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = handles
                .into_iter()
                .map(|mut storage| {
                    scope.spawn(move || {
                        let trials = storage.attach(&space(), &TWO).unwrap();
                        let mut won = 0;
                        for mut trial in trials.into_iter().take(20) {
                            trial.state = State::Running;
                            won += usize::from(storage.transition(State::Waiting, &trial).unwrap());
                            storage.create(&running(trial.number.0)).unwrap();
                        }
                        won
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(won, 20);
        let trials = storage.trials_from(TrialId(0)).unwrap();
        let numbers: Vec<TrialId> = trials.iter().map(|trial| trial.number).collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn another_study_under_the_same_name_is_refused() {
    each(|open| {
        open().attach(&space(), &TWO).unwrap();
        let error = open().attach(&space(), &[Direction::Minimize]).unwrap_err().to_string();
        assert!(error.contains("objectives"), "{error}");
        let mut builder = Space::builder();
        builder.float("lr", 1e-4..=0.5).log().add().unwrap();
        let error = open().attach(&builder.build().unwrap(), &TWO).unwrap_err().to_string();
        assert!(error.contains("\"lr\""), "{error}");
    });
}

/// A parent is known by its name, not by its place.
#[test]
fn parameters_may_change_their_order_in_a_file() {
    let ordered = |parents: [&str; 2]| {
        let mut builder = Space::builder();
        let keys = parents.map(|name| builder.choice(name, ["a", "b"]).add().unwrap());
        let parent = keys[parents.iter().position(|name| *name == "first").unwrap()];
        builder.int("n", 1..=3).when(parent, "a").add().unwrap();
        builder.build().unwrap()
    };
    let (old, new) = (ordered(["first", "second"]), ordered(["second", "first"]));
    let literals = || [("first", "a".into()), ("second", "b".into()), ("n", Choice::Int(2))];
    let mut trial = Trial::waiting(0, old.config(literals()).unwrap());
    trial.state = State::Running;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let mut storage = sqlite(&path);
    storage.attach(&old, &TWO).unwrap();
    storage.create(&trial).unwrap();
    let trials = sqlite(&path).attach(&new, &TWO).unwrap();
    assert_eq!(trials[0].config, new.config(literals()).unwrap());
    let mut memory = MemoryStorage::new();
    memory.attach(&old, &TWO).unwrap();
    let error = memory.attach(&new, &TWO).unwrap_err().to_string();
    assert!(error.contains("order"), "{error}");
}

/// A study that another program made, without a space, is not marked by an attempt that fails.
#[test]
fn a_refused_attempt_leaves_a_foreign_study_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let mut storage = sqlite(&path);
    storage.attach(&space(), &TWO).unwrap();
    storage.create(&running(0)).unwrap();
    drop(storage);
    let delete = "DELETE FROM study_user_attributes";
    rusqlite::Connection::open(&path).unwrap().execute(delete, ()).unwrap();
    let mut builder = Space::builder();
    builder.float("lr", 5.0..=6.0).add().unwrap();
    let other = builder.build().unwrap();
    sqlite(&path).attach(&other, &[Direction::Minimize]).unwrap_err();
    sqlite(&path).attach(&other, &TWO).unwrap_err();
    assert_eq!(sqlite(&path).attach(&space(), &TWO).unwrap().len(), 1);
    assert_eq!(sqlite(&path).attach(&space(), &TWO).unwrap().len(), 1);
    sqlite(&path).attach(&other, &TWO).unwrap_err();
}

#[test]
fn two_studies_share_a_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    for name in ["a", "b"] {
        let mut storage = SqliteStorage::open(&path, name).unwrap();
        storage.attach(&space(), &TWO).unwrap();
        assert_eq!(storage.create(&running(0)).unwrap(), 0);
    }
    let names: Vec<_> = studies(&path).unwrap().into_iter().map(|s| (s.name, s.trials)).collect();
    assert_eq!(names, [("a".into(), 1), ("b".into(), 1)]);
}

#[test]
fn broken_files_are_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let refused = |path: &Path| {
        let error = SqliteStorage::open(path, "test").map(drop).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        error
    };
    std::fs::write(&path, "this is no database, but long enough to look like one".repeat(40))
        .unwrap();
    assert!(refused(&path).contains("not a database"));
    assert!(studies(&path).is_err());
    refused(&folder.path().join("no/such/folder.db"));
    refused(folder.path());
    // Another revision of the schema is not written to.
    let path = folder.path().join("future.db");
    sqlite(&path).attach(&space(), &TWO).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("UPDATE alembic_version SET version_num = 'v9'", ()).unwrap();
    drop(connection);
    assert!(refused(&path).contains("\"v9\""));
}

#[test]
fn a_full_disk_loses_nothing_recorded() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let mut storage = sqlite(&path);
    storage.attach(&space(), &TWO).unwrap();
    storage.create(&running(0)).unwrap();
    storage.limit_pages(64).unwrap();
    let mut trial = running(1);
    trial.attributes.insert("ballast".into(), "x".repeat(20_000).into());
    let mut written = 1;
    let error = loop {
        match storage.create(&trial) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the limit has no effect");
    };
    assert!(error.to_string().contains("full"), "{error}");
    drop(storage);
    assert_eq!(sqlite(&path).attach(&space(), &TWO).unwrap().len(), written);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A study that is read back proposes what an unbroken one would.
    #[test]
    fn resumed_studies_propose_the_same(
        seed in any::<u64>(),
        random in any::<bool>(),
        cut in 1usize..30,
        actions in proptest::collection::vec(0u8..5, 30..40),
    ) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("study.db");
        let build = |storage: Option<SqliteStorage>| {
            let mut builder = Study::builder(space())
                .seed(seed)
                .ladder(Ladder::new("epoch", 1, 9, true).unwrap());
            builder = if random {
                builder.sampler(RandomSampler::uniform())
            } else {
                builder.sampler(SobolSampler::new())
            };
            match storage {
                Some(storage) => builder.storage(storage),
                None => builder,
            }
            .build()
            .unwrap()
        };
        let mut unbroken = build(None);
        let mut broken = build(Some(sqlite(&path)));
        for (i, action) in actions.into_iter().enumerate() {
            if i == cut {
                drop(broken);
                broken = build(Some(sqlite(&path)));
            }
            for study in [&mut unbroken, &mut broken] {
                let last = study.history().in_state(State::Running).last().map(|t| (t.number, t.fidelity()));
                match (action, last) {
                    (1, Some((n, _))) => study.tell(n, i as f64).unwrap(),
                    (2, Some((n, step))) => drop(study.report(n, step + 1, vec![0.5]).unwrap()),
                    (3, Some((n, _))) => study.tell(n, Outcome::Pruned).unwrap(),
                    (4, Some((n, _))) => study.release(n).unwrap(),
                    _ => drop(study.ask().unwrap()),
                }
            }
        }
        let values = |study: &Study| -> Vec<(State, Vec<Option<Value>>)> {
            let trials = study.history().trials();
            trials.iter().map(|t| (t.state, t.config.values().collect())).collect()
        };
        prop_assert_eq!(values(&unbroken), values(&broken));
    }
}
