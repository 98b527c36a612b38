//! Tuners that are killed: nothing recorded is lost, and no program outlives them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod common;

use common::{run, script};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Tells this test binary, started again, to be a tuner in this folder.
const TUNER: &str = "AUTOML_TEST_TUNER";

fn settings(runs: &Path) -> automl_tune::TuneSettings {
    let text = "echo $$ >> {pids}; sleep 0.1; echo '{{\"loss\": {x}}}'"
        .replace("{pids}", &runs.join("pids").display().to_string());
    let mut settings = script(runs, &text, &["x=float(0,1)"], &[]);
    settings.trials = 40;
    settings.workers = Some(2);
    settings.grace = Duration::from_secs(1);
    settings
}

#[test]
fn a_killed_tuner_loses_nothing() {
    if let Ok(folder) = std::env::var(TUNER) {
        run(&settings(Path::new(&folder))).0.unwrap();
        return;
    }
    let runs = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let mut tuner = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_tuner_loses_nothing"])
            .env(TUNER, runs.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let begun = || std::fs::read_to_string(runs.path().join("pids")).unwrap_or_default();
        let before = begun().lines().count();
        while begun().lines().count() < before + 5 && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        tuner.kill().unwrap();
        tuner.wait().unwrap();
    }
    let (outcome, lines) = run(&settings(runs.path()));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.finished, outcome.failed), (40, 0), "{lines:?}");
    let started = lines.iter().filter(|line| line.contains("slot")).count() - 1;
    assert!(started < 40, "results of killed tuners are lost: {started} runs");
}

/// The programs of a killed tuner end with it, and so does a child that left their group.
#[test]
fn programs_end_with_their_tuner() {
    if let Ok(folder) = std::env::var(TUNER) {
        let folder = Path::new(&folder);
        let text = "setsid sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; trap '' TERM; \
                    sleep 600; sleep 600"
            .replace("{pids}", &folder.join("pids").display().to_string());
        let mut settings = script(folder, &text, &["x=float(0,1)"], &[]);
        settings.grace = Duration::from_secs(1);
        run(&settings).0.unwrap();
        return;
    }
    let runs = tempfile::tempdir().unwrap();
    let mut tuner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "programs_end_with_their_tuner"])
        .env(TUNER, runs.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let wait = |done: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < Duration::from_secs(60), "too long");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let pid = || std::fs::read_to_string(runs.path().join("pids")).unwrap_or_default();
    wait(&|| pid().lines().count() == 2);
    // The child has left its group by now.
    std::thread::sleep(Duration::from_millis(200));
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    for process in pid().lines() {
        let process = Path::new("/proc").join(process);
        wait(&|| {
            let status = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
            status.is_empty() || status.contains(") Z ")
        });
    }
}
