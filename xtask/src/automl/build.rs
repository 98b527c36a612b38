//! Building the binary.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::PathBuf;
use std::process::Stdio;

/// How the binary is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Build {
    /// Without training, in a target folder of its own.
    Light {
        /// That folder.
        target: PathBuf,
    },
    /// With training.
    Training {
        /// On a GPU too.
        gpu: bool,
        /// With studies in PostgreSQL.
        postgres: bool,
        /// Why on this device.
        reason: String,
    },
}

impl Build {
    /// What a person reads before it.
    fn announcement(&self) -> String {
        match self {
            Self::Light { .. } => "building the light binary, about a minute on two cores".into(),
            Self::Training { gpu, reason, .. } => {
                let (device, time) = if *gpu { ("GPU", "20") } else { ("CPU", "5") };
                format!(
                    "building with training on the {device} ({reason}); the first time takes about \
                     {time} minutes on two cores"
                )
            }
        }
    }
}

/// Builds the binary. Says so before anything is compiled or waited for, and shows cargo's lines.
pub(super) fn run(build: &Build) -> Result<()> {
    let mut cargo = shell::cargo(["build", "--release", "--package", "automl-rs-cli"]);
    match build {
        Build::Light { target } => {
            cargo.arg("--no-default-features").arg("--target-dir").arg(target);
        }
        Build::Training { gpu, postgres, .. } => {
            let features = [("gpu", *gpu), ("postgres", *postgres)];
            for (feature, _) in features.into_iter().filter(|(_, wanted)| *wanted) {
                cargo.args(["--features", feature]);
            }
        }
    }
    if std::io::stderr().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = cargo.stderr(Stdio::piped()).spawn().context("cannot run cargo")?;
    let mut announced = false;
    for line in child.stderr.take().into_iter().flat_map(|stderr| BufReader::new(stderr).lines()) {
        let line = line.context("cannot read what cargo says")?;
        if !announced && is_work(&line) {
            announced = true;
            eprintln!("{}", build.announcement());
        }
        if !line.contains("Finished") {
            eprintln!("{line}");
        }
    }
    if !child.wait()?.success() {
        bail!("the build failed");
    }
    Ok(())
}

/// Whether a line of cargo tells of work, or of waiting for another build.
fn is_work(line: &str) -> bool {
    ["Blocking", "Updating", "Downloading", "Compiling"].iter().any(|word| line.contains(word))
}
