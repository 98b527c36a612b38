//! Fine-tuning of compressed networks.

use crate::{CompressError, DecomposeError, Model};
use automl_data::{DataSplits, Recipe};
use automl_numeric::stream;
use automl_train::{Device, EpochReport, TrainError, Training};
use rand::RngExt;
use std::sync::Arc;

/// Data, recipe, seed and device of fine-tuning.
#[derive(Clone, Copy, Debug)]
pub struct FineTuning<'a> {
    /// Data: its training part trains.
    pub data: &'a Arc<DataSplits>,
    /// Recipe; its epochs are those of the whole compression. See [`fine_tuning`].
    pub recipe: &'a Recipe,
    /// Seed, from which each training in between derives its own order and augmentation, and
    /// random rankings their scores.
    pub seed: u64,
    /// Device.
    pub device: &'a Device,
}

/// Progress of a compression.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CompressionEvent {
    /// The network became smaller.
    Smaller {
        /// Parameters.
        parameters: u64,
        /// Multiply-accumulates.
        macs: u64,
    },
    /// An epoch of fine-tuning is over.
    Epoch(EpochReport),
    /// Decomposition could not reach the budget: channels are removed instead.
    Instead(DecomposeError),
}

/// Callbacks of a compression: a stop request and an observer.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "two functions")]
pub struct Callbacks<'a> {
    /// Stop request, polled before each step of training and of the compression.
    pub stop: &'a dyn Fn() -> bool,
    /// Observer of progress.
    pub tell: &'a dyn Fn(&CompressionEvent),
}

/// Recipe for fine-tuning a trained network: a share `rate` of the learning rate, along a cosine as
/// before. A tenth is customary; small networks do better with three tenths.
///
/// # Examples
/// ```
/// use automl_compress::fine_tuning;
/// use automl_data::{DataSplits, Dataset, Recipe};
///
/// let recipe = Recipe::for_data(&DataSplits::split(&Dataset::digits()?, 0.15, 0)?, 27);
/// let tuning = fine_tuning(&recipe, 9, 0.3);
/// assert_eq!(tuning.epochs, 9);
/// assert!((tuning.learning_rate / recipe.learning_rate - 0.3).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fine_tuning(recipe: &Recipe, epochs: u64, rate: f64) -> Recipe {
    Recipe { epochs, learning_rate: rate * recipe.learning_rate, ..recipe.clone() }
}

/// Trains a network for some more epochs; 0 leaves it unchanged.
///
/// # Errors
/// [`CompressError::Train`], with [`TrainError::Stopped`] if a stop was requested.
pub fn tune(
    model: &Model,
    tuning: &FineTuning<'_>,
    epochs: u64,
    callbacks: Callbacks<'_>,
) -> Result<Model, CompressError> {
    check_stop(callbacks, 0)?;
    if epochs == 0 {
        return Ok(model.clone());
    }
    let mut training = training(model, tuning, epochs)?;
    while training.epoch() < epochs {
        let report = training.run_epoch(callbacks.stop)?;
        (callbacks.tell)(&CompressionEvent::Epoch(report));
    }
    Ok(Model::new(model.graph().clone(), training.trained().tensors())?)
}

/// [`TrainError::Stopped`] after some epochs if a stop was requested.
pub(crate) fn check_stop(callbacks: Callbacks<'_>, epochs: u64) -> Result<(), TrainError> {
    if (callbacks.stop)() { Err(TrainError::Stopped { epoch: epochs + 1 }) } else { Ok(()) }
}

/// Seed of one of several trainings: no two share order and augmentation.
pub(crate) fn phase_seed(seed: u64, number: u64) -> u64 {
    stream(seed, number, "phase").random()
}

/// Training of a model for some epochs.
pub(crate) fn training(
    model: &Model,
    tuning: &FineTuning<'_>,
    epochs: u64,
) -> Result<Training, TrainError> {
    let recipe = Recipe { epochs, ..tuning.recipe.clone() };
    let FineTuning { data, seed, device, .. } = *tuning;
    let weights = model.tensors().to_vec();
    Training::with_weights(model.graph(), weights, data, &recipe, seed, device)
}

/// Reports the cost of a model.
pub(crate) fn report_size(model: &Model, callbacks: Callbacks<'_>) {
    let cost = model.cost();
    (callbacks.tell)(&CompressionEvent::Smaller { parameters: cost.parameters, macs: cost.macs });
}
