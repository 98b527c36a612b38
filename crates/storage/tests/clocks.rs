//! Heartbeats that fail, and clocks that jump.
#![allow(clippy::unwrap_used)]

use automl_space::Space;
use automl_storage::SqliteStorage;
use automl_study::{SharedStorage, State, Storage, Study, Trial};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BEAT: Duration = Duration::from_millis(400);

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

fn worker(path: &Path) -> Study {
    let storage = SqliteStorage::open(path, "test").unwrap();
    Study::builder(space()).heartbeat(BEAT).storage(storage).build().unwrap()
}

/// Repeats until something holds; whether it came to hold.
fn comes_true(mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < 50 * BEAT {
        if holds() {
            return true;
        }
        std::thread::sleep(BEAT / 4);
    }
    false
}

/// A training must end before others take its worker for dead.
#[test]
fn a_worker_whose_heartbeats_fail_doubts_its_lease() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let mut study = worker(&path);
    let watch = study.lease_watch();
    let job = study.ask().unwrap();
    std::thread::sleep(4 * BEAT);
    assert!(comes_true(|| !watch.is_doubtful(job.number)));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(comes_true(|| watch.is_doubtful(job.number)));
    other.execute_batch("COMMIT").unwrap();
    assert!(comes_true(|| !watch.is_doubtful(job.number)));
}

/// The clock of a living worker, as its heartbeats show it, jumps forward and back.
#[test]
fn a_clock_that_jumps_takes_no_living_worker_s_trial() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let mut study = worker(&path);
    let job = study.ask().unwrap();
    let mut other = worker(&path);
    let clock = Connection::open(&path).unwrap();
    clock.busy_timeout(Duration::from_secs(5)).unwrap();
    for jump in ["-40 days", "+40 days", "-3 hours"] {
        let sql = format!(
            "UPDATE trial_heartbeats
             SET heartbeat = strftime('%Y-%m-%d %H:%M:%f', 'now', '{jump}') || '000'"
        );
        clock.execute_batch(&sql).unwrap();
        for _ in 0..2 {
            std::thread::sleep(BEAT);
            other.refresh().unwrap();
        }
        assert_eq!(other.history().get(job.number).unwrap().state, State::Running, "{jump}");
    }
    study.tell(job.number, 0.5).unwrap();
}

/// A dead worker with a clock that was ahead is not waited for until that time has come.
#[test]
fn a_dead_worker_with_a_fast_clock_loses_its_trial() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.db");
    let mut other = worker(&path);
    let mut dead = SqliteStorage::open(&path, "test").unwrap();
    dead.attach(&space(), &[automl_study::Direction::Minimize]).unwrap();
    dead.identify("dead", true);
    let mut trial = Trial::waiting(0, space().decode(&[0.5]));
    trial.state = State::Running;
    assert!(dead.create_next(&trial).unwrap());
    let clock = Connection::open(&path).unwrap();
    let sql = "UPDATE trial_heartbeats
               SET heartbeat = strftime('%Y-%m-%d %H:%M:%f', 'now', '+40 days') || '000'";
    clock.execute_batch(sql).unwrap();
    assert!(comes_true(|| {
        other.refresh().unwrap();
        other.history().get(0).is_some_and(|trial| trial.state == State::Waiting)
    }));
}
