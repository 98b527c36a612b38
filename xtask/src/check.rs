//! `cargo xtask check`: what has to hold before a change is done.

use crate::{arrows, shell};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Runs every check; `--fast` leaves out what needs the deep-learning framework.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let fast = match args {
        [] => false,
        [flag] if flag == "--fast" => true,
        _ => bail!("`cargo xtask check` takes only --fast"),
    };
    let all = |command: &[&str]| {
        let mut cargo = shell::cargo(command);
        cargo.args(["--workspace", "--release"]);
        if fast {
            cargo.args(["--exclude", "automl-models", "--exclude", "automl-train"]);
            cargo.args(["--exclude", "automl", "--exclude", "automl-cli"]);
            cargo.args(["--exclude", "automl-benches", "--exclude", "automl-compress"]);
        }
        cargo
    };
    arrows::check()?;
    shell::step("format", shell::cargo(["fmt", "--all", "--check"]))?;
    let mut clippy = all(&["clippy", "--all-targets"]);
    clippy.args(["--", "-D", "warnings"]);
    shell::step("clippy", clippy)?;
    // The build without training compiles other code.
    let light = ["clippy", "--release", "--package", "automl-cli", "--no-default-features"];
    let mut light = shell::cargo(light);
    light.args(["--", "-D", "warnings"]);
    shell::step("clippy, light build", light)?;
    let mut doc = all(&["doc", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    shell::step("rustdoc", doc)?;
    if shell::exists("cargo", &["nextest", "--version"]) {
        shell::step("tests", all(&["nextest", "run"]))?;
    } else {
        shell::step("tests", all(&["test", "--all-targets"]))?;
    }
    shell::step("documentation tests", all(&["test", "--doc"]))?;
    eprintln!("all checks passed");
    Ok(ExitCode::SUCCESS)
}
