//! `cargo xtask chaos`: processes on one record that are killed, stopped and cut off, and its check.

use crate::shell;
use anyhow::Result;
use std::process::ExitCode;

/// Builds and runs the example `chaos` of the storages; options are handed on to it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let mut cargo = shell::cargo(["run", "--quiet", "--release", "--package", "automl-storage"]);
    cargo.args(["--features", "postgres", "--example", "chaos", "--"]).args(args);
    shell::hand_over(cargo)
}
