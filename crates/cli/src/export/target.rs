//! The list of targets.

use super::onnx;
use crate::Failure;
use automl::deploy::TrainedNetwork;
use automl::deploy::onnx::{Batch, InputRange};
use std::path::Path;

/// All targets. A new one is a file with its `TARGET` and a line here.
const TARGETS: &[&Target] = &[&onnx::TARGET];

/// A form of file that a network can be written as.
#[derive(Debug)]
pub(super) struct Target {
    /// Name on the command line.
    pub(super) name: &'static str,
    /// Documentation in a few words.
    pub(super) summary: &'static str,
    /// Writes the files of a job; a line that tells what they are.
    pub(super) write: fn(&Job<'_>) -> Result<String, Failure>,
}

/// An export.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// The network.
    pub(super) network: &'a TrainedNetwork,
    /// The file to write.
    pub(super) out: &'a Path,
    /// Images at once.
    pub(super) batch: Batch,
    /// Range of the pixels.
    pub(super) range: InputRange,
}

impl Target {
    /// The target of a name.
    pub(super) fn named(name: &str) -> Result<&'static Self, String> {
        let found = TARGETS.iter().copied().find(|target| target.name == name);
        found.ok_or_else(|| {
            let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            format!("one of {}", known.join(", "))
        })
    }

    /// The names with their documentation.
    pub(super) fn help() -> String {
        let one = |target: &&Self| format!("{} ({})", target.name, target.summary);
        format!("What to write: {}", TARGETS.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}
