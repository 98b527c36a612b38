//! Forms of files that a network can be written as.

use crate::Failure;
use automl::deploy::onnx::{Batch, InputRange};
use automl::deploy::{TrainedNetwork, TrainingData};
use std::path::Path;

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
    /// The data set of the training, where it is known.
    pub(super) training: Option<TrainingData>,
    /// The most images of it for calibration.
    pub(super) calibration: usize,
}
