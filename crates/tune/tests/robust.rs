//! Programs that misbehave: each is dealt with and named.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use automl_tune::{TuneError, TuneSettings};
use common::{has, run, script};
use std::time::Duration;

/// Runs one trial of a script over `x`, with short limits.
fn one(text: &str, change: impl Fn(&mut TuneSettings)) -> (u64, Vec<String>) {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = script(runs.path(), text, &["x=int(1,9)"], &[]);
    settings.trials = 1;
    settings.grace = Duration::from_millis(300);
    change(&mut settings);
    let (outcome, lines) = run(&settings);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.finished, 1, "{lines:?}");
    (outcome.failed, lines)
}

fn limited(settings: &mut TuneSettings) {
    settings.trial_timeout = Some(Duration::from_millis(500));
}

const RESULT: &str = "echo '{{\"loss\": 1}}'";

#[test]
fn failures_are_named_by_code_and_last_words() {
    let (failed, lines) = one("echo 'ValueError: no data' >&2; exit 3", |_| {});
    assert_eq!(failed, 1);
    assert!(has(&lines, "exit status: 3: ValueError: no data"), "{lines:?}");
    let (_, lines) = one("kill -SEGV $$", |_| {});
    assert!(has(&lines, "signal: 11"), "{lines:?}");
    let (_, lines) = one("echo done", |_| {});
    assert!(has(&lines, "no line of the output is a JSON object with \"loss\""), "{lines:?}");
    let (_, lines) = one("echo '{{\"loss\": NaN}}'", |_| {});
    assert!(has(&lines, "loss is NaN"), "{lines:?}");
    let (_, lines) = one("echo '{{\"loss\": \"high\"}}'", |_| {});
    assert!(has(&lines, "\"loss\" is not a number"), "{lines:?}");
}

#[test]
fn a_program_that_hangs_or_ignores_sigterm_is_killed() {
    let (failed, lines) = one("sleep 60", limited);
    assert!(failed == 1 && has(&lines, "not ended after 0.5 s"), "{lines:?}");
    assert!(!has(&lines, "SIGTERM"), "{lines:?}");
    let (failed, lines) = one("trap '' TERM; while :; do sleep 1; done", limited);
    assert!(failed == 1 && has(&lines, "killed, 0.3 s after a SIGTERM"), "{lines:?}");
    // Closed streams do not make it look ended.
    let (failed, lines) = one("exec >&- 2>&- <&-; sleep 60", limited);
    assert!(failed == 1 && has(&lines, "not ended after"), "{lines:?}");
}

#[test]
fn a_program_that_forks_leaves_nothing_behind() {
    let marker = tempfile::tempdir().unwrap();
    let file = marker.path().join("alive").display().to_string();
    let text = format!("(sleep 4; touch {file}) & {RESULT}");
    let (failed, lines) = one(&text, |_| {});
    assert!(failed == 0 && has(&lines, "left processes behind"), "{lines:?}");
    std::thread::sleep(Duration::from_secs(5));
    assert!(!marker.path().join("alive").exists());
}

/// A process group of its own does not hide a process.
#[test]
#[cfg(target_os = "linux")]
fn a_child_that_leaves_the_group_is_ended_and_named() {
    let marker = tempfile::tempdir().unwrap();
    let file = marker.path().join("alive").display().to_string();
    let child = format!("setsid sh -c 'sleep 4; touch {file}' </dev/null >/dev/null 2>&1 &");
    for (end, limited_time) in [(RESULT, false), ("sleep 60", true)] {
        let (failed, lines) = one(&format!("{child} sleep 0.2; {end}"), |settings| {
            if limited_time {
                limited(settings);
            }
        });
        assert_eq!(failed, u64::from(limited_time), "{lines:?}");
        assert!(has(&lines, "left processes behind"), "{lines:?}");
    }
    std::thread::sleep(Duration::from_secs(5));
    assert!(!marker.path().join("alive").exists());
}

#[test]
fn parameters_with_one_variable_and_bad_storages_leave_nothing() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = script(runs.path(), RESULT, &["a.b=int(1,9)", "a_b=int(1,9)"], &[]);
    let error = run(&settings).0.unwrap_err().to_string();
    assert!(error.contains("\"a.b\" and \"a_b\"") && error.contains("AUTOML_PARAM_A_B"), "{error}");
    settings = script(runs.path(), RESULT, &["a=int(1,9)"], &[]);
    settings.storage = Some("no/such/folder/study.db".into());
    assert!(run(&settings).0.is_err());
    settings.study = None;
    assert!(run(&settings).0.is_err());
    assert_eq!(std::fs::read_dir(runs.path()).unwrap().count(), 0);
}

#[test]
fn megabytes_and_invalid_text_do_no_harm() {
    let text = format!(
        "head -c 12000000 /dev/zero | tr '\\0' 'a'; echo; yes | head -c 3000000; \
         printf '\\377\\376 \\360\\n'; {RESULT}"
    );
    let (failed, lines) = one(&text, |_| {});
    assert!(failed == 0 && has(&lines, "bytes of output are not logged"), "{lines:?}");
}

#[test]
fn a_crash_is_repeated_as_often_as_allowed() {
    let text = "n=$(cat {checkpoint}/n 2>/dev/null || echo 0); echo $((n + 1)) > {checkpoint}/n; \
                [ $n -ge 2 ] || exit 7; echo \"{{\\\"loss\\\": $n}}\"";
    let (failed, lines) = one(text, |settings| settings.retries = 2);
    assert!(failed == 0 && has(&lines, "run again (2): exit status: 7"), "{lines:?}");
    let (failed, _) = one(text, |settings| settings.retries = 1);
    assert_eq!(failed, 1);
}

#[test]
fn a_study_in_which_everything_fails_ends() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = script(runs.path(), "exit 2", &["x=float(0,1)"], &[]);
    settings.max_failures = 4;
    match run(&settings).0 {
        Err(TuneError::AllFailed { count: 4, reason, .. }) => assert_eq!(reason, "exit status: 2"),
        other => panic!("{other:?}"),
    }
}
