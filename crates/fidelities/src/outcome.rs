//! The outcome of one training.

use automl_data::Split;
use automl_train::{TrainError, Training};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// The outcome of one training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Validation accuracy after each epoch at the full setting, after the last one elsewhere.
    pub(super) curve: Vec<f64>,
    /// Seconds of training, and of one evaluation.
    pub(super) seconds: f64,
}

impl Outcome {
    pub(super) fn accuracy(&self) -> f64 {
        self.curve.last().copied().unwrap_or(0.0)
    }

    /// A training that ended early stays where it was.
    pub(super) fn accuracy_after(&self, epochs: u64) -> f64 {
        let index = usize::try_from(epochs).unwrap_or(usize::MAX).saturating_sub(1);
        self.curve.get(index).copied().unwrap_or_else(|| self.accuracy())
    }
}

/// Trains to the end. The accuracy of a network that diverges is 0.
pub(super) fn train(
    training: &mut Training,
    every_epoch: bool,
    over: &dyn Fn() -> bool,
) -> Result<Outcome, TrainError> {
    let mut outcome = Outcome::default();
    while training.epoch() < training.epochs() {
        match training.run_epoch(over) {
            Ok(report) => outcome.seconds += report.time.as_secs_f64(),
            Err(TrainError::Diverged { .. }) => {
                outcome.curve.push(0.0);
                break;
            }
            Err(error) => return Err(error),
        }
        let last = training.epoch() == training.epochs();
        if last || every_epoch {
            let start = Instant::now();
            outcome.curve.push(training.evaluate(Split::Validation).accuracy);
            if last {
                outcome.seconds += start.elapsed().as_secs_f64();
            }
        }
    }
    Ok(outcome)
}
