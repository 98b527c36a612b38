//! Where output goes, and what becomes of it on a pipe that is closed.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output, Stdio};

fn automl(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_automl"));
    command.args(args);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The names of all commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = text(&automl(&["--help"]).output().unwrap().stdout);
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

/// A help is what was asked for: it comes on standard output with status 0, also where it has addresses.
#[test]
fn every_help_is_on_standard_output() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        for flag in ["--help", "-h"] {
            let Output { status, stdout, stderr } = automl(&[&command, flag]).output().unwrap();
            assert_eq!(status.code(), Some(0), "{command} {flag}");
            assert!(
                text(&stdout).contains("Usage:") && stderr.is_empty(),
                "{command}: {}",
                text(&stderr)
            );
        }
    }
}

/// A pipe without a reader ends no command with a panic or a failure.
#[test]
fn closed_pipes_are_no_failure() {
    let shells = ["bash", "elvish", "fish", "powershell", "zsh"];
    let mut all: Vec<Vec<&str>> = shells.iter().map(|shell| vec!["completions", *shell]).collect();
    all.extend([vec!["--help"], vec!["--version"], vec!["parts"], vec!["parts", "tpe"]]);
    all.extend([vec!["search", "--help"], vec!["search", "--dry-run"], vec!["tune", "--help"]]);
    all.push(vec!["train", "--print-grammar"]);
    for args in all {
        let mut child =
            automl(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let said = text(&stderr);
        assert!(status.success() && !said.contains("panicked"), "{args:?}: {status} {said}");
    }
}
