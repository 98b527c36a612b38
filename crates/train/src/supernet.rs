//! A weight-sharing network over the block space, for architecture search by gradient.
//!
//! Many networks of the seven-block space share one set of weights. Each step trains a few paths,
//! single networks drawn from a distribution over the space. The distribution learns too:
//! the loss of the paths on held-out images, plus a term for their cost, is driven down by gradient.
//! In the end networks are drawn from it and ranked with the weights that they inherit.
//!
//! # Source
//! Guo et al. (2020), "Single Path One-Shot Neural Architecture Search with Uniform Sampling",
//! sections 3.2 and 3.3, for single paths, shared channels and the new statistics of normalization
//! before a path is judged; Yu & Huang (2019), "Universally Slimmable Networks", for first channels
//! and several paths in a step; Cai et al. (2020), "Once-for-All", for the centers of kernels.
//!
//! The gradient of the distribution is the score-function estimator (Williams 1992, REINFORCE) with
//! the mean of the other paths as its baseline (Kool et al. 2019), as in section 3.3.2 of
//! "ProxylessNAS" (Cai et al. 2019). The alternative, a gate on the path that was drawn (GDAS, Dong
//! & Yang 2019), gives next to nothing in a chain: behind a block stands a convolution with batch
//! normalization, which does not change when its input is scaled, so the gate's derivative is zero.
//! The estimator also takes any cost and any constraint: for paths that are drawn again until the
//! constraints allow one, the missing normalization of the score has mean zero under the baseline.
//!
//! Weights that are shared and trained for a short time understate large networks, which learn more
//! slowly, so a distribution that follows the loss alone, or the loss and a price for the cost,
//! settles on small networks that learn quickly. What is driven down is the corrected loss
//! `loss + b max(0, ln(target / size))`: once networks are trained, a larger one is better, with a
//! loss that falls as a power of size (Rosenfeld et al. 2020, "A Constructive Prediction of the
//! Generalization Error Across Scales", section 4). The size is the geometric mean of parameters and
//! multiply-accumulates; the target, from which on the loss alone decides, is what a tenth of the
//! prior's networks exceed. Bender et al. (2020, "Can Weight Sharing Outperform Random Architecture
//! Search? An Investigation With TuNAS", section 4) draw the distribution to a target as well, by
//! the absolute difference to it.

mod path;
mod policy;
mod ranking;
mod size;
mod weights;

pub use ranking::Candidate;

use crate::TrainError;
use crate::batch::{self, Targets};
use crate::evaluation::of_scores;
use crate::sgd::SgdStep;
use automl_arch::BlockSpace;
use automl_data::loader::{self, Batch, Batches};
use automl_data::{DataSplits, Images, Recipe};
use automl_models::NamedTensor;
use automl_numeric::stream;
use automl_space::Space;
use burn::tensor::{Device, Tensor};
use path::Path;
use policy::{Draw, Policy};
use rand::seq::index::sample;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use size::corrected;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weights::{Child, SharedWeights};

/// Paths of one step: each has a batch of its own, all start from the same weights.
const PATHS: usize = 4;

/// The share of the epochs after which the distribution learns: before, the weights say little.
const WARMUP: f64 = 0.2;

/// Result of one epoch of a supernet.
#[derive(Clone, Debug, PartialEq)]
pub struct SupernetReport {
    /// The number of epochs so far.
    pub epoch: u64,
    /// The mean training loss of the paths.
    pub loss: f64,
    /// The mean accuracy of the paths on held-out images, once the distribution learns.
    pub accuracy: Option<f64>,
    /// Wall-clock time of the epoch.
    pub time: Duration,
}

/// Training of all networks of a block space with shared weights.
///
/// The types of its blocks are Conv, the inverted residual of version 3 and Pass, as in most
/// weight-sharing spaces; its numbers lie on a grid of at most five values each. Everything else is
/// as in the space: every path is a configuration of it that its constraints allow.
///
/// Of its data, the training part trains the weights, the validation part the distribution, and
/// the test part judges candidates; [`DataSplits::hold_out`] makes such data of a training and a
/// validation part. Its images may be smaller than those of the space: paths are adapted to them
/// ([`Architecture::at_resolution`](automl_arch::Architecture::at_resolution)), and cost what they cost at their own side.
#[derive(Debug)]
pub struct Supernet {
    blocks: BlockSpace,
    data: Arc<DataSplits>,
    recipe: Recipe,
    seed: u64,
    device: Device,
    policy: Policy,
    /// Logarithm of the size below which losses are corrected.
    target: f64,
    weights: SharedWeights,
    epoch: u64,
}

impl Supernet {
    /// A supernet before its first epoch. `space` is the block space's own, with any constraints.
    ///
    /// # Errors
    /// A recipe that is out of range, fewer than two training images, or [`TrainError::NoPath`] if the
    /// space's constraints allow no network.
    pub fn new(
        blocks: &BlockSpace,
        space: &Space,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        recipe.check()?;
        if data.train.len() < 2 {
            return Err(TrainError::TooFew { images: data.train.len() });
        }
        let batch = recipe.batch.min(data.train.len());
        let policy = Policy::new(space);
        Ok(Self {
            target: size::target(blocks, &policy)?,
            blocks: blocks.clone(),
            data: Arc::clone(data),
            recipe: Recipe { batch, ..recipe.clone() },
            seed,
            device: device.clone(),
            policy,
            weights: SharedWeights::new(seed),
            epoch: 0,
        })
    }

    /// The number of epochs so far.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of epochs after which the learning rate is zero.
    pub fn epochs(&self) -> u64 {
        self.recipe.epochs
    }

    fn steps_per_epoch(&self) -> u64 {
        (self.data.train.len() / self.recipe.batch).max(1) as u64
    }

    fn learns_policy(&self) -> bool {
        self.epoch as f64 >= WARMUP * self.recipe.epochs as f64
    }

    /// Trains for one epoch: each training image is seen once, by one of the paths. Paths spread
    /// over the threads of the current pool. `stop` is asked before each step.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] if the loss of no path is a number; [`TrainError::Stopped`] if
    /// asked to; [`TrainError::NoPath`] if the space's constraints allow no network.
    pub fn run_epoch(&mut self, stop: &dyn Fn() -> bool) -> Result<SupernetReport, TrainError> {
        let start = Instant::now();
        let first = self.epoch * self.steps_per_epoch();
        let mut batches = self.batches(self.epoch);
        let (mut losses, mut accuracies) = (Mean::default(), Mean::default());
        let mut step = first;
        loop {
            let batches: Vec<Batch> = batches.by_ref().take(PATHS).collect();
            if batches.is_empty() {
                break;
            }
            if stop() {
                return Err(TrainError::Stopped { epoch: self.epoch + 1 });
            }
            let count = batches.len() as u64;
            for judged in self.step(batches, step)? {
                losses.add(judged.loss);
                accuracies.add(judged.held_out.map_or(f64::NAN, |(accuracy, _)| accuracy));
            }
            step += count;
        }
        self.epoch += 1;
        let loss = losses.value().ok_or(TrainError::Diverged { epoch: self.epoch, loss: f64::NAN });
        Ok(SupernetReport {
            epoch: self.epoch,
            loss: loss?,
            accuracy: accuracies.value(),
            time: start.elapsed(),
        })
    }

    /// One step: a path for each batch.
    fn step(&mut self, batches: Vec<Batch>, step: u64) -> Result<Vec<Outcome>, TrainError> {
        let mut rng = stream(self.seed, step, "paths");
        let draws = (0..batches.len()).map(|_| self.policy.draw(&mut rng));
        let draws: Vec<Draw> = draws.collect::<Option<_>>().ok_or(TrainError::NoPath)?;
        let mut children = Vec::with_capacity(draws.len());
        let mut paths = Vec::with_capacity(draws.len());
        for draw in &draws {
            let path = Path::new(&self.blocks, &draw.config, self.data.side)?;
            children.push(self.weights.child(&path, &self.device)?);
            paths.push(path);
        }
        let held_out = self.learns_policy().then(|| self.held_out(step));
        let this = &*self;
        let outcomes: Vec<Outcome> = (&children, batches)
            .into_par_iter()
            .map(|(child, batch)| this.outcome(child, batch, held_out.as_ref()))
            .collect();
        let sgd_step = SgdStep {
            learning_rate: self.recipe.rate(step, self.steps_per_epoch()),
            momentum: self.recipe.momentum,
            weight_decay: self.recipe.weight_decay,
        };
        for (child, outcome) in children.iter().zip(&outcomes) {
            // A path that diverged must not spoil the weights of the others.
            if outcome.loss.is_finite() {
                self.weights.step(child, &outcome.gradients, sgd_step);
            }
        }
        if held_out.is_some() {
            let judged = outcomes.iter().map(|o| o.held_out.map_or(f64::NAN, |(_, loss)| loss));
            let losses: Vec<f64> = judged
                .zip(&paths)
                .map(|(loss, path)| corrected(loss, path.cost, self.target))
                .collect();
            self.policy.learn(&draws, &losses);
        }
        Ok(outcomes)
    }

    /// Losses of a path on a batch and on held-out images, and its gradients.
    fn outcome(&self, child: &Child, batch: Batch, held_out: Option<&Images>) -> Outcome {
        let device = self.device.clone().autodiff();
        let targets = Targets::new(&self.recipe, &self.data);
        let (loss, gradients) =
            batch::gradients(&child.network, &self.data, batch, &targets, &device);
        let held_out = held_out.map(|images| {
            let scores = child.network.observe(self.normalized(images));
            let labels: Vec<i32> = images.labels.iter().map(|&label| label.into()).collect();
            of_scores(scores, &labels)
        });
        let gradients = child.network.gradient_tensors(&gradients);
        Outcome { loss: loss.into_scalar::<f64>(), gradients, held_out }
    }

    /// Held-out images for a step, as many as a batch has.
    fn held_out(&self, step: u64) -> Images {
        let images = &self.data.validation;
        let mut rng = stream(self.seed, step, "held-out batch");
        let count = self.recipe.batch.min(images.len());
        images.select(&sample(&mut rng, images.len(), count).into_vec())
    }

    fn normalized(&self, images: &Images) -> Tensor<4> {
        let mut pixels = Vec::with_capacity(images.len() * images.size());
        for index in 0..images.len() {
            self.data.normalize(images.image(index), &mut pixels);
        }
        batch::images(&self.data, pixels, images.len(), &self.device.clone().autodiff())
    }

    /// The training batches of an epoch.
    fn batches(&self, epoch: u64) -> Batches {
        let threads = crate::device::loader_threads(&self.device);
        loader::epoch_of(&self.data, &self.recipe, (self.seed, epoch), threads)
    }
}

/// Result of one batch.
struct Outcome {
    loss: f64,
    gradients: Vec<NamedTensor>,
    /// Accuracy and loss on held-out images.
    held_out: Option<(f64, f64)>,
}

/// The mean of the numbers among some values.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}
