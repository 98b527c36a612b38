//! Training of weights and recipe in one run.

use super::problem::{NetworkLosses, flat};
use super::recipe::RecipeHyperparameters;
use super::{Bilevel, dot, hypergradient};
use crate::adam::Adam;
use crate::{EpochReport, TrainError, Training};
use automl_arch::Architecture;
use automl_data::{DataSplits, Recipe};
use burn::tensor::Device;
use std::sync::Arc;

/// Approximation of the hypergradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HypergradientMethod {
    /// Derivative through the last step only (Luketina et al. 2016).
    OneStep,
    /// Implicit differentiation at the current weights, with a Neumann series for the inverse
    /// Hessian (Lorraine et al. 2020).
    Implicit {
        /// Terms of the series; 5 to 20 are usual.
        terms: usize,
    },
}

/// Options of [`RecipeTuning`].
///
/// A change costs 5 gradients, and 2 more for each term of the implicit method: with the defaults half
/// of the training once more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecipeTuningOptions {
    /// Training steps between two updates of the hyperparameters, at least 1.
    pub every: u64,
    /// Learning rate of Adam, in units of logarithms and logits.
    pub rate: f64,
    /// Approximation for weight decay, label smoothing and augmentation; the learning rate is
    /// always seen through the last step.
    pub method: HypergradientMethod,
}

impl Default for RecipeTuningOptions {
    fn default() -> Self {
        Self { every: 10, rate: 0.1, method: HypergradientMethod::OneStep }
    }
}

/// Training that learns the weights on the training images and the recipe on the validation images
/// of the data; [`DataSplits::hold_out`] sets some aside that nothing else is judged by.
///
/// A hypergradient sees a short way ahead, and a short way ahead small learning rates look best (Wu
/// et al. 2018, "Understanding Short-Horizon Bias"). So it repairs a learning rate that is far too
/// small or too large, but a good one should not be expected to get better.
#[derive(Debug)]
pub struct RecipeTuning {
    training: Training,
    options: RecipeTuningOptions,
    adam: Adam,
    /// The weights before the step after which the hyperparameters change.
    before: Option<Vec<f64>>,
}

impl RecipeTuning {
    /// A fresh network with a recipe to start from.
    ///
    /// # Errors
    /// Those of [`Training::new`].
    pub fn new(
        architecture: &Architecture,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        options: RecipeTuningOptions,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let mut training = Training::new(architecture, data, recipe, seed, device)?;
        RecipeHyperparameters::of(recipe).apply(&mut training.recipe);
        Ok(Self { training, options, adam: Adam::new(4, options.rate, [0.5, 0.9]), before: None })
    }

    /// The training with the recipe as it is now.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The hyperparameters as they are now.
    pub fn tuned(&self) -> RecipeHyperparameters {
        RecipeHyperparameters::of(&self.training.recipe)
    }

    /// Trains for one epoch. Augmentation changes from epoch to epoch, the rest within.
    ///
    /// # Errors
    /// Those of [`Training::run_epoch`].
    pub fn run_epoch(&mut self, stop: &dyn Fn() -> bool) -> Result<EpochReport, TrainError> {
        let Self { training, options, adam, before } = self;
        let (every, method) = (options.every.max(1), options.method);
        training.run_epoch_with(stop, &mut |training, step| {
            if let Some(before) = before.take() {
                learn(training, step, &before, method, adam)?;
            }
            if (step + 2) % every == 0 {
                *before = Some(flat(&training.network.tensors()));
            }
            Ok(())
        })
    }
}

/// One change of the hyperparameters, after the step that led away from the weights `before`.
fn learn(
    training: &mut Training,
    step: u64,
    before: &[f64],
    method: HypergradientMethod,
    adam: &mut Adam,
) -> Result<(), TrainError> {
    let tuned = RecipeHyperparameters::of(&training.recipe);
    let recipe = &training.recipe;
    let after = flat(&training.network.tensors());
    let hyper = [tuned.weight_decay, tuned.label_smoothing, tuned.augmented];
    let rate = training.rate(step) * (1.0 + recipe.momentum);
    let terms = match method {
        HypergradientMethod::OneStep => 0,
        HypergradientMethod::Implicit { terms } => terms,
    };
    let mut problem = NetworkLosses::new(training, step);
    // What the step itself did, by the logarithm of its length.
    let moved: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    let by_rate = dot(&problem.held_out_gradient(&after)?, &moved);
    let by_others = hypergradient(&mut problem, &after, &hyper, rate, terms)?;
    let slope = |share: f64| share * (1.0 - share);
    let gradient = [
        by_rate,
        by_others[0] * hyper[0],
        by_others[1] * slope(hyper[1]),
        by_others[2] * slope(hyper[2]),
    ];
    if gradient.iter().all(|g| g.is_finite()) {
        let mut coordinates = tuned.coordinates();
        adam.descend(&mut coordinates, &gradient);
        RecipeHyperparameters::at(coordinates).apply(&mut training.recipe);
    }
    Ok(())
}
