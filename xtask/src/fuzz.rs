//! `cargo xtask fuzz`: mutated inputs for everything that reads files or requests.

use crate::shell;
use anyhow::Result;
use std::process::ExitCode;

/// Builds and runs the program of the targets; options are handed on to it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let mut cargo = shell::cargo(["run", "--quiet", "--release", "--package", "automl-fuzz", "--"]);
    cargo.args(args);
    shell::hand_over(cargo)
}
