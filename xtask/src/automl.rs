//! Builds the `automl` binary with what a command needs, and runs it.
//!
//! The binary itself says what a command needs (`automl needs`). One without training answers within
//! a minute of a fresh clone; it lies in a target folder of its own, so that it never takes the place
//! of one that trains. Where there is an up-to-date binary, nothing is built to answer.

mod binaries;
mod build;
mod needs;

use crate::device;
use crate::shell;
use crate::workspace::Workspace;
use anyhow::Result;
use binaries::Binaries;
use build::Build;
use needs::{Answer, Device, Needs};
use std::process::ExitCode;

/// Builds and runs `automl ARGS`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let binaries = Binaries::new(&Workspace::read()?.target);
    let needs = match needs::ask(&binaries, args)? {
        Answer::Needs(needs) => needs,
        Answer::Refused(code) => return Ok(code),
    };
    let binary = if needs.training {
        build::run(&training(needs))?;
        binaries.training()
    } else {
        binaries.answering()?
    };
    shell::hand_over(binaries::command(&binary, args))
}

/// The build for a command that trains networks.
fn training(needs: Needs) -> Build {
    let (gpu, reason) = match (needs.device, device::gpu()) {
        (Device::Gpu, _) => (true, "device gpu".to_owned()),
        (Device::Cpu, _) => (false, "device cpu".to_owned()),
        (Device::Auto, Some(name)) => (true, format!("a GPU was found: {name}")),
        (Device::Auto, None) => (false, "no GPU was found".to_owned()),
    };
    Build::Training { gpu, postgres: needs.postgres, reason }
}
