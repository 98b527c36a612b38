//! A process that is killed at any moment loses nothing that it was told is recorded.
#![allow(clippy::unwrap_used)]

use automl_space::Space;
use automl_storage::SqliteStorage;
use automl_study::{State, Study};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Set in the child process: the database to write to.
const CHILD: &str = "AUTOML_STORAGE_CRASH_TEST";

fn study(path: &Path) -> Study {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let storage = SqliteStorage::open(path, "crash").unwrap();
    Study::builder(builder.build().unwrap()).storage(storage).build().unwrap()
}

/// The child: writes trials for ever and says which are recorded.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let mut study = study(Path::new(&path));
    study.recover().unwrap();
    let mut out = std::io::stdout().lock();
    loop {
        let number = study.ask().unwrap().number;
        study.report(number, 1, vec![0.5]).unwrap();
        study.tell(number, number.0 as f64).unwrap();
        writeln!(out, "recorded {number}").unwrap();
    }
}

#[test]
fn killed_processes_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut recorded = Vec::new();
    for round in 0..6u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = |line: String| {
            if let Some((_, number)) = line.split_once("recorded ") {
                recorded.push(number.parse::<u64>().unwrap());
            }
        };
        for line in lines.by_ref().take(20 + 7 * round as usize) {
            seen(line.unwrap());
        }
        std::thread::sleep(Duration::from_micros(317 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        // What was printed before the kill was recorded before it; a torn last line is no promise.
        lines.map_while(Result::ok).filter(|l| l.len() > 10).for_each(&mut seen);
    }
    recorded.pop();
    let study = study(&path);
    for number in &recorded {
        let trial = study.history().get(*number).unwrap();
        assert_eq!((trial.state, trial.values[0]), (State::Complete, *number as f64));
        assert_eq!(trial.reports.len(), 1);
    }
    assert!(recorded.len() > 100);
}
