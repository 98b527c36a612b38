//! What a program is given, and how its results are read.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use automl_tune::{Objective, TuneError};
use common::{has, run, script};

#[test]
fn values_reach_the_program_by_every_way() {
    let runs = tempfile::tempdir().unwrap();
    let text = r#"
        grep -q "\"x\":$1" "$2" && [ "$AUTOML_PARAM_X" = "$1" ] && [ "$RATE" = "r$1" ] || exit 3
        [ "$AUTOML_TRIAL" = "$3" ] && [ "$CUDA_VISIBLE_DEVICES" = 7 ] || exit 4
        [ "$4" = "" ] || [ "$4$5" = "--yy" ] || exit 5
        echo "{{\"loss\": $1}}""#;
    let extra = ["{x}", "{config}", "{trial}", "--y", "{y}"];
    let params = ["x=float(0.001,1)", "k=choice(a,b)", "y=choice(y) when k=a"];
    let mut settings = script(runs.path(), text, &params, &extra);
    settings.environment = vec!["RATE=r{x}".into()];
    settings.gpus = vec!["7".into()];
    settings.trials = 8;
    let (outcome, lines) = run(&settings);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.finished, outcome.failed), (8, 0), "{lines:?}");
    assert!(outcome.best[0].command.starts_with("RATE=r"), "{:?}", outcome.best);
    // The command of the best trial repeats it.
    let best = &outcome.best[0];
    assert!(best.words.contains(&best.params["x"].to_string()));
    assert!(runs.path().join("study/best.json").exists());
    assert!(outcome.table.lines().count() == 9 && outcome.table.contains("complete"));
}

#[test]
fn objectives_are_read_from_patterns_and_files() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = script(
        runs.path(),
        "echo 'epoch 1: loss=9'; echo \"loss={x}\" >&2; echo 'acc: 3 %'",
        &["x=int(1,5)"],
        &[],
    );
    settings.patterns = vec!["loss=loss=(\\d+)".into()];
    settings.trials = 3;
    let (outcome, lines) = run(&settings);
    assert_eq!(outcome.unwrap().failed, 0, "{lines:?}");

    let runs = tempfile::tempdir().unwrap();
    let text = "[ {x} = 2 ] || echo '{{\"loss\": {x}, \"mb\": 3}}' > {result}";
    let mut settings = script(runs.path(), text, &["x=int(1,3)"], &[]);
    settings.limits = vec!["mb<=2".parse().unwrap()];
    settings.trials = 3;
    let (outcome, lines) = run(&settings);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.failed, outcome.best.len()), (1, 0), "{lines:?}");
    assert!(has(&lines, "no result in") && outcome.table.contains("infeasible"), "{lines:?}");
}

#[test]
fn several_objectives_have_a_front() {
    let runs = tempfile::tempdir().unwrap();
    let text = "echo '{{\"acc\": {x}, \"cost\": {x}}}'";
    let mut settings = script(runs.path(), text, &["x=float(0,1)"], &[]);
    settings.objectives = vec![Objective::maximize("acc"), Objective::minimize("cost")];
    settings.trials = 6;
    settings.workers = Some(3);
    let (outcome, _) = run(&settings);
    assert_eq!(outcome.unwrap().best.len(), 6);
}

#[test]
fn mistakes_are_named_before_anything_starts() {
    let runs = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut automl_tune::TuneSettings)| {
        let mut settings = script(runs.path(), "true", &["lr=float(0,1)"], &["{lr}"]);
        change(&mut settings);
        let (outcome, lines) = run(&settings);
        assert_eq!(lines, [] as [&str; 0]);
        let error = outcome.unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
        error
    };
    for (error, part) in [
        (refused(&|s| s.command.push("{rl}".into())), "did you mean {lr}?"),
        (refused(&|s| s.command.push("{".into())), "single brace"),
        (refused(&|s| s.command[0] = "no-such-program".into()), "\"no-such-program\""),
        (refused(&|s| s.command.clear()), "no command"),
        (refused(&|s| s.sampler.name = "tep".into()), "tep"),
        (refused(&|s| s.scheduler.name = "asha".into()), "fidelity"),
        (refused(&|s| s.objectives.push(Objective::minimize("loss"))), "twice"),
        (refused(&|s| s.patterns = vec!["loss=(".into()]), "loss"),
        (refused(&|s| s.study = Some("a/b".into())), "a/b"),
        (refused(&|s| s.storage = Some("mysql://x".into())), "mysql"),
        (refused(&|s| s.result_file = Some("{out}".into())), "{out}"),
        (refused(&|s| s.workers = Some(0)), "workers: 0 is outside 1 to 4096"),
        (refused(&|s| s.workers = Some(usize::MAX)), "outside 1 to 4096"),
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_study_goes_on_with_its_own_program_only() {
    let runs = tempfile::tempdir().unwrap();
    let text = "echo '{{\"loss\": {x}}}'";
    let mut settings = script(runs.path(), text, &["x=float(0,1)"], &[]);
    settings.trials = 3;
    run(&settings).0.unwrap();
    settings.trials = 5;
    let (outcome, lines) = run(&settings);
    assert_eq!(outcome.unwrap().finished, 5);
    assert!(has(&lines, "3 known"));
    settings.command.push("--more".into());
    let error = run(&settings).0.unwrap_err();
    assert!(matches!(error, TuneError::Differs { what: "command", .. }), "{error}");
}
