//! A training whose recipe is learnt on the way.

use super::{Bilevel, difference, dot, hypergradient};
use crate::adam::Adam;
use crate::training::{cross_entropy, images, targets};
use crate::{EpochReport, TrainError, Training};
use automl_arch::Architecture;
use automl_data::loader::prepare;
use automl_data::{Augmentation, DataSplits, Images, Recipe};
use automl_models::{NamedTensor, Network};
use automl_numeric::stream;
use burn::tensor::{Device, Tensor};
use rand::seq::index::sample;
use std::sync::Arc;

/// How hypergradients look at the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Through the last step only.
    OneStep,
    /// As if the weights were trained, with this many terms of the inverse Hessian.
    Implicit {
        /// 5 to 20 are usual.
        terms: usize,
    },
}

/// How a recipe is learnt.
///
/// A change costs 5 gradients, and 2 more for each term of the implicit form: with the defaults half
/// of the training once more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuningOptions {
    /// After how many steps hyperparameters change.
    pub every: u64,
    /// Adam's learning rate, for logarithms and logits.
    pub rate: f64,
    /// How the influence of weight decay, label smoothing and augmentation is seen; that of the
    /// learning rate always through the last step.
    pub form: Form,
}

impl Default for TuningOptions {
    fn default() -> Self {
        Self { every: 10, rate: 0.1, form: Form::OneStep }
    }
}

/// What is learnt of a recipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuned {
    /// The highest learning rate, 1e-4 to 1.
    pub learning_rate: f64,
    /// The weight decay, 1e-6 to .1.
    pub weight_decay: f64,
    /// The label smoothing, .001 to .5.
    pub label_smoothing: f64,
    /// The share of the images that are augmented, .02 to .98.
    pub augmented: f64,
}

impl Tuned {
    fn of(recipe: &Recipe) -> Self {
        Self {
            learning_rate: recipe.learning_rate.clamp(1e-4, 1.0),
            weight_decay: recipe.weight_decay.clamp(1e-6, 0.1),
            label_smoothing: recipe.label_smoothing.clamp(1e-3, 0.5),
            augmented: recipe.augmentation.share.clamp(0.02, 0.98),
        }
    }

    /// Puts the hyperparameters into a recipe.
    pub fn apply(self, recipe: &mut Recipe) {
        recipe.learning_rate = self.learning_rate;
        recipe.weight_decay = self.weight_decay;
        recipe.label_smoothing = self.label_smoothing;
        recipe.augmentation.share = self.augmented;
    }

    /// Logarithms of rates, logits of shares.
    fn coordinates(self) -> [f64; 4] {
        let logit = |share: f64| (share / (1.0 - share)).ln();
        let rates = [self.learning_rate.ln(), self.weight_decay.ln()];
        [rates[0], rates[1], logit(self.label_smoothing), logit(self.augmented)]
    }

    fn at([rate, decay, smoothing, augmented]: [f64; 4]) -> Self {
        let share = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Self {
            learning_rate: rate.exp().clamp(1e-4, 1.0),
            weight_decay: decay.exp().clamp(1e-6, 0.1),
            label_smoothing: share(smoothing).clamp(1e-3, 0.5),
            augmented: share(augmented).clamp(0.02, 0.98),
        }
    }
}

/// A training that learns its weights on the training images and its recipe on the validation
/// images of its data; [`DataSplits::hold_out`] gives it some that nothing else is judged by.
///
/// A hypergradient sees a short way ahead, and a short way ahead small learning rates look best (Wu
/// et al. 2018, "Understanding Short-Horizon Bias"). So it repairs a learning rate that is far too
/// small or too large, but a good one should not be expected to get better.
#[derive(Debug)]
pub struct Tuning {
    training: Training,
    options: TuningOptions,
    adam: Adam,
    /// The weights before the step after which the hyperparameters change.
    before: Option<Vec<f64>>,
}

impl Tuning {
    /// A fresh network with a recipe to start from.
    ///
    /// # Errors
    /// As [`Training::new`].
    pub fn new(
        architecture: &Architecture,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        options: TuningOptions,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let mut training = Training::new(architecture, data, recipe, seed, device)?;
        Tuned::of(recipe).apply(&mut training.recipe);
        Ok(Self { training, options, adam: Adam::new(4, options.rate, [0.5, 0.9]), before: None })
    }

    /// The training with the recipe as it is now.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The hyperparameters as they are now.
    pub fn tuned(&self) -> Tuned {
        Tuned::of(&self.training.recipe)
    }

    /// Trains for one epoch. Augmentation changes from epoch to epoch, the rest within.
    ///
    /// # Errors
    /// As [`Training::run_epoch`].
    pub fn run_epoch(&mut self, stop: &dyn Fn() -> bool) -> Result<EpochReport, TrainError> {
        let Self { training, options, adam, before } = self;
        let (every, form) = (options.every.max(1), options.form);
        training.run_epoch_with(stop, &mut |training, step| {
            if let Some(before) = before.take() {
                learn(training, step, &before, form, adam)?;
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
    form: Form,
    adam: &mut Adam,
) -> Result<(), TrainError> {
    let tuned = Tuned::of(&training.recipe);
    let recipe = &training.recipe;
    let after = flat(&training.network.tensors());
    let hyper = [tuned.weight_decay, tuned.label_smoothing, tuned.augmented];
    let rate = training.rate(step) * (1.0 + recipe.momentum);
    let terms = match form {
        Form::OneStep => 0,
        Form::Implicit { terms } => terms,
    };
    let mut problem = OnNetwork::new(training, step);
    // What the step itself did, by the logarithm of its length.
    let moved: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    let by_rate = dot(&problem.held_out(&after)?, &moved);
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
        Tuned::at(coordinates).apply(&mut training.recipe);
    }
    Ok(())
}

/// The losses of a network on a training batch and a held-out batch; hyperparameters are weight
/// decay, label smoothing and the augmented share.
struct OnNetwork<'a> {
    data: &'a DataSplits,
    device: &'a Device,
    augmentation: Augmentation,
    network: &'a Network,
    tensors: Vec<NamedTensor>,
    /// Which images, and the stream of their augmentation.
    batch: (Vec<usize>, (u64, u64)),
    held_out: Images,
    known: Option<(Vec<f64>, Vec<f64>)>,
}

impl<'a> OnNetwork<'a> {
    fn new(training: &'a Training, step: u64) -> Self {
        let (data, recipe, seed) = (training.data(), &training.recipe, training.seed);
        let mut rng = stream(seed, step, "hypergradient");
        let mut some = |of: usize| sample(&mut rng, of, recipe.batch.min(of)).into_vec();
        let batch = some(data.train.len());
        Self {
            data,
            device: training.device(),
            augmentation: recipe.augmentation.clone(),
            network: &training.network,
            tensors: training.network.tensors(),
            batch: (batch, (seed, u64::from(u32::MAX) - 1 - step % (1 << 30))),
            held_out: data.validation.select(&some(data.validation.len())),
            known: None,
        }
    }

    /// The gradient of the cross-entropy of some images at some weights.
    fn gradient(
        &self,
        weights: &[f64],
        (pixels, labels): (Vec<f32>, &[i32]),
        smoothing: f64,
    ) -> Result<Vec<f64>, TrainError> {
        // A copy, since a pass moves the running statistics of normalisation.
        let network = self.network.copy().with_tensors(self.with(weights))?;
        let images = images(self.data, pixels, labels.len(), self.device);
        let targets = targets(labels, self.data.classes, smoothing);
        let targets = Tensor::from_data(targets, self.device);
        let (_, gradients) = network.gradients(images, |scores| cross_entropy(scores, targets));
        Ok(flat(&network.gradient_tensors(&gradients)))
    }

    fn with(&self, weights: &[f64]) -> Vec<NamedTensor> {
        let mut weights = weights.iter();
        let mut tensors = self.tensors.clone();
        for tensor in tensors.iter_mut().filter(|tensor| tensor.is_parameter()) {
            tensor.values.iter_mut().zip(&mut weights).for_each(|(to, from)| *to = *from as f32);
        }
        tensors
    }

    /// The weights that decay, zero for the others.
    fn decaying(&self, weights: &[f64]) -> Vec<f64> {
        let learnt = self.tensors.iter().filter(|tensor| tensor.is_parameter());
        let decays = learnt.flat_map(|t| std::iter::repeat_n(t.shape.len() > 1, t.values.len()));
        weights.iter().zip(decays).map(|(w, decays)| if decays { *w } else { 0.0 }).collect()
    }
}

impl Bilevel for OnNetwork<'_> {
    type Error = TrainError;

    fn training(&mut self, weights: &[f64], hyper: &[f64]) -> Result<Vec<f64>, TrainError> {
        let augmentation = Augmentation { share: hyper[2], ..self.augmentation.clone() };
        let batch = prepare(self.data, &augmentation, &self.batch.0, self.batch.1);
        let mut gradient = self.gradient(weights, (batch.pixels, &batch.labels), hyper[1])?;
        let decaying = self.decaying(weights);
        gradient.iter_mut().zip(decaying).for_each(|(g, w)| *g += hyper[0] * w);
        Ok(gradient)
    }

    fn held_out(&mut self, weights: &[f64]) -> Result<Vec<f64>, TrainError> {
        if let Some((known, gradient)) = &self.known
            && known == weights
        {
            return Ok(gradient.clone());
        }
        let mut pixels = Vec::new();
        for index in 0..self.held_out.len() {
            self.data.normalize(self.held_out.image(index), &mut pixels);
        }
        let labels: Vec<i32> = self.held_out.labels.iter().map(|label| (*label).into()).collect();
        let gradient = self.gradient(weights, (pixels, &labels), 0.0)?;
        self.known = Some((weights.to_vec(), gradient.clone()));
        Ok(gradient)
    }

    /// The loss is linear in smoothing and share.
    fn ends(&self, _: &[f64], index: usize) -> (f64, f64) {
        (0.0, if index == 1 { 0.5 } else { 1.0 })
    }

    fn influence(
        &mut self,
        weights: &[f64],
        hyper: &[f64],
        index: usize,
    ) -> Result<Vec<f64>, TrainError> {
        if index == 0 {
            return Ok(self.decaying(weights));
        }
        difference(self, weights, hyper, index)
    }
}

/// The learnt numbers of all tensors in a row.
fn flat(tensors: &[NamedTensor]) -> Vec<f64> {
    let learnt = tensors.iter().filter(|tensor| tensor.is_parameter());
    learnt.flat_map(|tensor| tensor.values.iter().map(|value| f64::from(*value))).collect()
}
