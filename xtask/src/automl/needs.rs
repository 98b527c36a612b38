//! What a command needs, asked of the binary.

use super::binaries::{self, Binaries};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// What a build must be able to do for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// Whether networks are trained or run.
    pub(super) training: bool,
    /// The device on which they are.
    pub(super) device: Device,
    /// Whether the record lies in a PostgreSQL database.
    pub(super) postgres: bool,
}

/// A device that a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    Auto,
    Cpu,
    Gpu,
}

/// What the binary answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// What the command needs.
    Needs(Needs),
    /// The arguments or the settings are wrong, which the binary has printed.
    Refused(ExitCode),
}

/// Asks what a command needs.
pub(super) fn ask(binaries: &Binaries, args: &[String]) -> Result<Answer> {
    // A training binary of older sources spares a build of the light one, if it understands.
    let training = binaries.training();
    if !binaries::is_fresh(&training)
        && let Ok(output) = question(&training, args).stderr(Stdio::null()).output()
        && let Ok(needs) = read(&output.stdout)
        && needs.training
    {
        return Ok(Answer::Needs(needs));
    }
    let mut question = question(&binaries.answering()?, args);
    let output = question.stderr(Stdio::inherit()).output().context("cannot run automl")?;
    if !output.status.success() {
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        return Ok(Answer::Refused(ExitCode::from(code.unwrap_or(1))));
    }
    Ok(Answer::Needs(read(&output.stdout)?))
}

fn question(binary: &Path, args: &[String]) -> Command {
    let mut command = Command::new(binary);
    command.arg("needs").args(args);
    command
}

/// Reads the binary's answer.
fn read(answer: &[u8]) -> Result<Needs> {
    let answer: Value = serde_json::from_slice(answer).context("automl needs: not JSON")?;
    let truth = |name: &str| answer[name].as_bool().with_context(|| format!("no {name}"));
    let device = match answer["device"].as_str() {
        Some("auto") => Device::Auto,
        Some("cpu") => Device::Cpu,
        Some("gpu") => Device::Gpu,
        other => bail!("automl needs: device {other:?}"),
    };
    Ok(Needs { training: truth("training")?, device, postgres: truth("postgres")? })
}

#[cfg(test)]
mod tests {
    use super::{Device, Needs, read};

    #[test]
    fn answers_are_read() {
        let needs = read(br#"{"device":"gpu","postgres":true,"training":true}"#).unwrap();
        assert_eq!(needs, Needs { training: true, device: Device::Gpu, postgres: true });
        assert!(read(b"error").is_err());
        assert!(read(br#"{"device":"tpu","postgres":true,"training":true}"#).is_err());
        assert!(read(br#"{"device":"gpu"}"#).is_err());
    }
}
