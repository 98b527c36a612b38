//! Compression with training in between.

use crate::prune::within_reach;
use crate::{
    Budget, DecomposeError, Decomposition, Floor, Groups, Importance, Model, ModelError,
    PruneError, RankRule, prune,
};
use automl_train::{Data, Device, EpochReport, Recipe, TrainError, Training};
use std::sync::Arc;
use thiserror::Error;

/// Batches on which gradients are taken for a ranking.
const BATCHES: usize = 20;

/// Why a compression ended without a network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompressError {
    /// Channels cannot be removed.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// Layers cannot be decomposed.
    #[error(transparent)]
    Decompose(#[from] DecomposeError),
    /// Nodes and weights make no network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The network cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// What fine-tuning works with.
#[derive(Clone, Copy, Debug)]
pub struct Tuning<'a> {
    /// The data.
    pub data: &'a Arc<Data>,
    /// How to train; its epochs are those of the whole compression. See [`fine_tuning`].
    pub recipe: &'a Recipe,
    /// The seed of order and augmentation, and of random rankings.
    pub seed: u64,
    /// Where to train.
    pub device: &'a Device,
}

/// How channels are removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pruning {
    /// What ranks them.
    pub importance: Importance,
    /// How many times some are removed and the rest is fine-tuned.
    pub steps: usize,
    /// What is left in any case.
    pub floor: Floor,
}

impl Default for Pruning {
    fn default() -> Self {
        Self { importance: Importance::default(), steps: 5, floor: Floor::default() }
    }
}

/// What decides the ranks of a decomposition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Each layer's weights.
    Rule(RankRule),
    /// The budget, with the same share of energy in every layer.
    Budget(Budget),
}

/// What a compression tells its observer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// The network is smaller now.
    Smaller {
        /// Parameters.
        parameters: u64,
        /// Multiply-accumulates.
        macs: u64,
    },
    /// An epoch of fine-tuning is over.
    Epoch(EpochReport),
}

/// Whom a compression tells of its progress and asks whether to stop.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "two functions")]
pub struct Watch<'a> {
    /// Asked before each step of training.
    pub stop: &'a dyn Fn() -> bool,
    /// Told of progress.
    pub tell: &'a dyn Fn(&Step),
}

/// A recipe for going on with a trained network: a share of the learning rate, a tenth by custom,
/// cosine as before.
pub fn fine_tuning(recipe: &Recipe, epochs: u64, rate: f64) -> Recipe {
    Recipe { epochs, learning_rate: rate * recipe.learning_rate, ..recipe.clone() }
}

/// Removes channels in steps of equal ratio until the budget is met. After each step but the last
/// the network is trained for a share of half of the epochs, after the last for all that are left,
/// each time along a cosine of its own.
///
/// # Errors
/// [`CompressError`]; [`TrainError::Stopped`] in it where `watch` said so.
pub fn prune_and_tune(
    model: &Model,
    budget: &Budget,
    pruning: &Pruning,
    tuning: &Tuning<'_>,
    watch: Watch<'_>,
) -> Result<Model, CompressError> {
    let start = model.cost();
    within_reach(model, &Groups::find(model.canonical()), budget, pruning.floor)?;
    let steps = pruning.steps.max(1);
    let epochs = tuning.recipe.epochs;
    let between = if steps > 1 { epochs / (2 * (steps as u64 - 1)) } else { 0 };
    let mut spent = 0;
    let mut model = model.clone();
    for step in 1..=steps {
        let target = budget.on_the_way(&start, step as f64 / steps as f64);
        let groups = Groups::find(model.canonical());
        let training = begin(&model, tuning, 1)?;
        let seed = tuning.seed.wrapping_add(step as u64);
        let scores = pruning.importance.scores(&model, &groups, &training, BATCHES, seed);
        model = prune(&model, &groups, &scores, &target, pruning.floor)?;
        tell_size(&model, watch);
        let share = if step < steps { between } else { epochs - spent };
        model = tune(&model, tuning, share, watch)?;
        spent += share;
    }
    Ok(model)
}

/// Decomposes layers, and fine-tunes the factors.
///
/// # Errors
/// As [`prune_and_tune`].
pub fn decompose_and_tune(
    model: &Model,
    target: Target,
    tuning: &Tuning<'_>,
    watch: Watch<'_>,
) -> Result<Model, CompressError> {
    let decomposition = Decomposition::of(model);
    let ranks = match target {
        Target::Rule(rule) => decomposition.ranks(rule),
        Target::Budget(budget) => decomposition.within(&budget)?,
    };
    let smaller = decomposition.apply(&ranks)?;
    tell_size(&smaller, watch);
    tune(&smaller, tuning, tuning.recipe.epochs, watch)
}

/// Trains a network further, for some epochs; 0 leaves it as it is.
///
/// # Errors
/// As [`prune_and_tune`].
pub fn tune(
    model: &Model,
    tuning: &Tuning<'_>,
    epochs: u64,
    watch: Watch<'_>,
) -> Result<Model, CompressError> {
    if epochs == 0 {
        return Ok(model.clone());
    }
    let mut training = begin(model, tuning, epochs)?;
    while training.epoch() < epochs {
        let report = training.run_epoch(watch.stop)?;
        (watch.tell)(&Step::Epoch(report));
    }
    Ok(Model::new(model.canonical().clone(), training.trained().tensors())?)
}

fn begin(model: &Model, tuning: &Tuning<'_>, epochs: u64) -> Result<Training, TrainError> {
    let recipe = Recipe { epochs, ..tuning.recipe.clone() };
    let Tuning { data, seed, device, .. } = *tuning;
    let weights = model.tensors().to_vec();
    Training::with_weights(model.canonical(), weights, data, &recipe, seed, device)
}

fn tell_size(model: &Model, watch: Watch<'_>) {
    let cost = model.cost();
    (watch.tell)(&Step::Smaller { parameters: cost.parameters, macs: cost.macs });
}
