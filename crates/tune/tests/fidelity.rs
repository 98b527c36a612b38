//! Pauses, stops and checkpoints.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use automl_study::StopFlag;
use automl_tune::TuneEvent;
use common::{has, run, run_until, script};
use std::path::Path;
use std::time::Duration;

/// Trains from the checkpoint to `{epochs}`, and counts the epochs of all runs in a file.
const RESUMABLE: &str = r#"
    at=$(cat {checkpoint}/epoch 2>/dev/null || echo 0)
    while [ $at -lt {epochs} ]; do
      at=$((at + 1)); echo x >> {count}; echo $at > {checkpoint}/epoch
      echo "{{\"epochs\": $at, \"loss\": $(( {x} * 100 + 27 - at ))}}"
    done"#;

fn text(script: &str, runs: &Path) -> String {
    script.replace("{count}", &runs.join("epochs").display().to_string())
}

fn epochs(runs: &Path) -> usize {
    std::fs::read_to_string(runs.join("epochs")).unwrap().lines().count()
}

/// The sum of the fidelities of the trials in the table-less record.
fn reached(runs: &Path) -> u64 {
    let mut space = automl_space::Space::builder();
    space.int("x", 1..=40).add().unwrap();
    let storage =
        automl_storage::SqliteStorage::open(runs.join("study/study.db"), "study").unwrap();
    let study =
        automl_study::Study::builder(space.build().unwrap()).storage(storage).build().unwrap();
    study.history().trials().iter().map(|trial| trial.fidelity().0).sum()
}

#[test]
fn paused_trials_go_on_from_their_checkpoints() {
    let runs = tempfile::tempdir().unwrap();
    let script_text = text(RESUMABLE, runs.path());
    let mut settings = script(runs.path(), &script_text, &["x=int(1,40)"], &[]);
    settings.fidelity = Some("epochs=1..27".parse().unwrap());
    settings.scheduler = "asha".parse().unwrap();
    settings.trials = 27;
    settings.workers = Some(2);
    let (outcome, lines) = run(&settings);
    let outcome = outcome.unwrap();
    assert!(outcome.failed == 0 && has(&lines, "paused at 1"), "{lines:?}");
    assert_eq!(outcome.best[0].fidelity, Some(27));
    // No epoch was trained twice, and few trials went all the way.
    assert_eq!(epochs(runs.path()) as u64, reached(runs.path()));
    assert!(epochs(runs.path()) < 27 * 27 / 3, "{}", epochs(runs.path()));
}

#[test]
fn without_checkpoints_programs_run_from_scratch() {
    let runs = tempfile::tempdir().unwrap();
    let script_text = text(
        r#"at=0; while [ $at -lt {epochs} ]; do at=$((at + 1)); echo x >> {count}
        echo "{{\"epochs\": $at, \"loss\": {x}}}"; done"#,
        runs.path(),
    );
    let mut settings = script(runs.path(), &script_text, &["x=int(1,40)"], &[]);
    settings.fidelity = Some("epochs=1..9".parse().unwrap());
    settings.trials = 9;
    let (outcome, lines) = run(&settings);
    assert!(outcome.unwrap().failed == 0, "{lines:?}");
    assert!(epochs(runs.path()) as u64 > reached(runs.path()));
}

/// A program that knows no fidelity trains on until it is told to end: on its input, or by SIGTERM.
#[test]
fn running_programs_are_stopped_by_answers_and_by_signals() {
    let report = r#"at=$((at + 1)); echo "{{\"epochs\": $at, \"loss\": {x}}}""#;
    let reads = format!(
        "at=0; while [ $at -lt 9 ]; do {report}; read answer; \
         case $answer in *continue*) ;; *) echo $answer >> {{count}}; exit 0;; esac; done"
    );
    // The better, the faster: where the worst of four at once report first, all of them may go on.
    let ignores =
        format!("at=0; while [ $at -lt 9 ]; do {report}; sleep 0.$((10 + {{x}})); done; sleep 60");
    for (body, workers) in [(reads, 1), (ignores, 4)] {
        let runs = tempfile::tempdir().unwrap();
        let mut settings = script(runs.path(), &text(&body, runs.path()), &["x=int(1,40)"], &[]);
        settings.fidelity = Some("epochs=1..9".parse().unwrap());
        settings.scheduler = "asha-stopping".parse().unwrap();
        settings.trials = 6;
        settings.workers = Some(workers);
        settings.grace = Duration::from_millis(200);
        let (outcome, lines) = run(&settings);
        let outcome = outcome.unwrap();
        // Also the trials that reach the highest fidelity end, without a limit on their time.
        assert_eq!((outcome.finished, outcome.failed), (6, 0), "{lines:?}");
        assert!(has(&lines, "pruned at") && has(&lines, "complete"), "{lines:?}");
        if workers == 1 {
            let answers = std::fs::read_to_string(runs.path().join("epochs")).unwrap();
            assert!(answers.contains("{\"verdict\":\"stop\"}"), "{answers}");
        }
    }
}

#[test]
fn reports_that_do_not_fit_are_named() {
    for (body, part) in [
        ("echo '{{\"epochs\": 30, \"loss\": 1}}'; sleep 60", "above the highest, 9"),
        ("echo '{{\"epochs\": 0, \"loss\": 1}}'", "at least 1"),
        ("echo '{{\"epochs\": 1, \"loss\": NaN}}'; sleep 60", "loss is NaN at epochs 1"),
        ("echo '{{\"epochs\": 1, \"loss\": 1}}'", "ended at epochs 1, before 9"),
    ] {
        let runs = tempfile::tempdir().unwrap();
        let mut settings = script(runs.path(), body, &["x=int(1,40)"], &[]);
        settings.fidelity = Some("epochs=1..9".parse().unwrap());
        settings.scheduler = "none".parse().unwrap();
        settings.trials = 1;
        settings.grace = Duration::from_millis(200);
        let (outcome, lines) = run(&settings);
        assert_eq!(outcome.unwrap().failed, 1, "{lines:?}");
        assert!(has(&lines, part), "{part}: {lines:?}");
    }
}

/// An interrupted run releases its trials, and the next one goes on from their checkpoints.
#[test]
fn an_interruption_loses_no_epoch_that_has_a_checkpoint() {
    let runs = tempfile::tempdir().unwrap();
    let slow = text(RESUMABLE, runs.path()).replace("echo x >>", "sleep 0.05; echo x >>");
    let mut settings = script(runs.path(), &slow, &["x=int(1,40)"], &[]);
    settings.fidelity = Some("epochs=1..9".parse().unwrap());
    settings.scheduler = "none".parse().unwrap();
    settings.trials = 3;
    let stop = StopFlag::new();
    let (outcome, _) = run_until(&settings, &stop, |event| {
        if matches!(event, TuneEvent::Trial { .. }) {
            stop.set();
        }
    });
    let outcome = outcome.unwrap();
    assert!(!outcome.is_finished && outcome.finished == 1);
    let (outcome, lines) = run(&settings);
    let outcome = outcome.unwrap();
    assert!(outcome.is_finished && outcome.finished == 3, "{lines:?}");
    // The last epoch before the signal may have no report.
    assert!(epochs(runs.path()) <= 3 * 9 + 1, "{}", epochs(runs.path()));
}

/// A child of a population starts from a copy of its parent's checkpoint.
#[test]
fn children_of_a_population_continue_their_parents() {
    let runs = tempfile::tempdir().unwrap();
    let inherits = format!(
        "p=$2; [ -z \"$p\" ] || [ -e {{checkpoint}}/epoch ] || {{{{ cp $p/epoch {{checkpoint}}/; \
         echo inherited; }}}}; {RESUMABLE}"
    );
    let script_text = text(&inherits, runs.path());
    let extra = ["{x}", "{parent_checkpoint}"];
    let mut settings = script(runs.path(), &script_text, &["x=int(1,40)"], &extra);
    settings.fidelity = Some("epochs=1..8".parse().unwrap());
    settings.scheduler = "pbt{members=5,interval=2}".parse().unwrap();
    // One of five members, the worst fifth, is replaced after each interval.
    settings.trials = 10;
    let (outcome, lines) = run(&settings);
    assert_eq!(outcome.unwrap().failed, 0, "{lines:?}");
    let logs = (0..10).map(|number| {
        let path = runs.path().join(format!("study/trials/{number}/output.log"));
        std::fs::read_to_string(path).unwrap_or_default()
    });
    assert!(logs.into_iter().any(|log| log.contains("\ninherited\n")), "{lines:?}");
    // No epoch below the copied one was trained again.
    assert!(epochs(runs.path()) < 10 * 8, "{}", epochs(runs.path()));
}
