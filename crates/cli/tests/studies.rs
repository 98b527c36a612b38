//! `studies`, `export-trials`, `--json` and `--quiet` on studies of `tune`.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn automl(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_automl"));
    command.args(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn tune(folder: &Path, extra: &[&str]) -> Output {
    let start = ["tune", "--study", "s", "--trials", "4", "--param", "x=float(0,1)"];
    let end = ["--", "sh", "-c", "echo '{{\"loss\": {x}}}'"];
    automl(folder, &[&start, extra, &end].concat())
}

#[test]
fn json_has_one_object_a_line_and_quiet_the_result_only() {
    let folder = tempfile::tempdir().unwrap();
    let output = tune(folder.path(), &["--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!((of("start"), of("run"), of("trial"), of("result")), (1, 4, 4, 1));
    let result = lines.last().unwrap();
    assert_eq!((&result["finished"], &result["trials"]), (&true.into(), &4.into()));
    assert!(result["best"][0]["values"]["loss"].is_number());

    let folder = tempfile::tempdir().unwrap();
    let output = tune(folder.path(), &["--quiet"]);
    assert!(!text(&output.stderr).contains("slot"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("4 trials finished"));
    // No plot and no color where standard output is no terminal.
    assert!(!output.stdout.contains(&0x1b) && !text(&output.stdout).contains('●'));
}

#[test]
fn studies_are_copied_exported_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    tune(folder.path(), &["--quiet"]);
    let run = |args: &[&str]| automl(folder.path(), args);
    let record = "runs/s/study.db";
    assert!(run(&["studies", "copy", record, "all.db", "--as", "t"]).status.success());
    assert!(text(&run(&["studies", "list", "all.db"]).stdout).contains("t: 4 trials, 4 complete"));
    let again = run(&["studies", "copy", record, "all.db", "--as", "t"]);
    assert!(!again.status.success() && text(&again.stderr).contains("another name"));

    // Into a new journal, and into one that is recognized by its content.
    for (to, name) in [("journal:///all.log", "j"), ("all.log", "k")] {
        let copied = run(&["studies", "copy", "all.db", to, "--as", name]);
        assert!(copied.status.success(), "{}", text(&copied.stderr));
    }
    let listed = text(&run(&["studies", "list", "all.log"]).stdout);
    assert_eq!(listed, "j: 4 trials, 4 complete\nk: 4 trials, 4 complete\n");

    assert!(run(&["studies", "check", "all.db"]).status.success());
    let checked = run(&["studies", "check", "all.log"]);
    assert!(text(&checked.stderr).contains("no file of SQLite"), "{}", text(&checked.stderr));
    for (command, study, place, out) in
        [("report", "t", "all.db", "all.log"), ("export-trials", "k", "all.log", "all.db")]
    {
        let refused = run(&[command, place, "--study", study, "--out", out]);
        assert!(text(&refused.stderr).contains("name another file"), "{}", text(&refused.stderr));
    }

    let parquet = run(&["export-trials", "all.db", "--out", "t.parquet"]);
    assert!(parquet.status.success(), "{}", text(&parquet.stderr));
    assert!(std::fs::read(folder.path().join("t.parquet")).unwrap().starts_with(b"PAR1"));

    let asked = run(&["studies", "delete", "all.db", "--study", "t"]);
    assert!(!asked.status.success() && text(&asked.stderr).contains("4 trials"));
    assert!(run(&["studies", "delete", "all.db", "--study", "t", "--yes"]).status.success());
    assert!(text(&run(&["studies", "list", "all.db"]).stdout).trim().is_empty());
}

#[test]
fn doctor_names_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let output = automl(folder.path(), &["doctor"]);
    let found = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in ["processor", "memory", "storages", "sqlite", "runs/ will be created", "Python"] {
        assert!(found.contains(part), "{part}: {found}");
    }
}
