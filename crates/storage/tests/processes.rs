//! Processes on one study, one of which is killed: the others finish what it began.
#![allow(clippy::unwrap_used)]

mod common;

use automl_space::Space;
use automl_storage::open;
use automl_study::{Fidelity, FullFidelity, Ladder, Next, State, Study, Verdict};
use common::Place;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Set in a child process: the address of the record.
const CHILD: &str = "AUTOML_STORAGE_PROCESS_TEST";

/// 6 x 6 points, each of which is trained to epoch 3.
fn study(url: &str) -> Study {
    let mut builder = Space::builder();
    builder.int("a", 0..=5).add().unwrap();
    builder.int("b", 0..=5).add().unwrap();
    let mut study = Study::builder(builder.build().unwrap())
        .scheduler(Ladder::new("epoch", 1, 3, true).unwrap(), FullFidelity::new(3))
        .heartbeat(Duration::from_millis(400))
        .storage(open(url, "processes").unwrap())
        .build()
        .unwrap();
    study.set_trial_limit(Some(36));
    study
}

/// The child: works until nothing is left.
#[test]
fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let mut study = study(&url);
    study.recover().unwrap();
    loop {
        match study.next_job().unwrap() {
            Next::Run(job) => {
                for step in job.fidelity.0 + 1..=3 {
                    std::thread::sleep(Duration::from_millis(5));
                    if study.report(job.number, step, vec![step as f64]).unwrap()
                        == Verdict::Complete
                    {
                        study.tell(job.number, 1.0).unwrap();
                    }
                }
            }
            Next::Wait => std::thread::sleep(Duration::from_millis(20)),
            Next::Finished => break,
        }
    }
}

fn spawn(url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, url)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_processs_trial_is_finished_by_another() {
    for place in Place::all() {
        let url = place.url();
        let mut watcher = study(&url);
        let mut killed = spawn(&url);
        let mut others = [spawn(&url), spawn(&url)];
        let start = Instant::now();
        while watcher.history().count(State::Complete) < 6 {
            assert!(start.elapsed() < Duration::from_secs(60), "nothing happens");
            std::thread::sleep(Duration::from_millis(5));
            watcher.refresh().unwrap();
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        for other in &mut others {
            assert!(other.wait().unwrap().success());
        }
        watcher.refresh().unwrap();
        let history = watcher.history();
        assert_eq!((history.len(), history.distinct()), (36, 36));
        assert_eq!(history.count(State::Complete), 36);
        for trial in history.trials() {
            let steps: Vec<Fidelity> = trial.reports.iter().map(|report| report.fidelity).collect();
            assert_eq!(steps, [1, 2, 3]);
        }
    }
}
