//! Training of one network.

use crate::average::Average;
use crate::batch::{Targets, gradients_in_parts, observe_in_parts};
use crate::device::loader_threads;
use crate::evaluation::{evaluate, outputs};
use crate::optimizer::OptimizerState;
use crate::sandwich::Sandwich;
use crate::transfer::{Transfer, take_over};
use crate::{Evaluation, Memory, TrainError};
use automl_arch::{Architecture, NetworkSpec};
use automl_data::loader::{self, Batch, Batches};
use automl_data::{DataSplits, Images, Recipe, Regularization, Split};
use automl_extent::Extent;
use automl_models::{NamedTensor, Network, Noise};
use automl_numeric::stream;
use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps after which the running statistics of normalization have caught up with the weights.
const SETTLED: u64 = 200;

/// Batches that recalibrate normalization before that.
const RECALIBRATION: usize = 6;

/// Batches that calibrate normalization to an average of weights.
const CALIBRATION: usize = 32;

/// Result of one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochReport {
    /// The number of epochs so far.
    pub epoch: u64,
    /// The mean training loss over the epoch.
    pub loss: f64,
    /// Wall-clock time of the epoch.
    pub time: Duration,
}

/// Progress within an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Steps behind the training.
    pub(crate) steps: u64,
    /// The sum of their losses.
    pub(crate) loss: f64,
}

/// Training of one network.
///
/// All randomness comes from the seed, so the same training on the same device gives the same
/// weights, in one run or in several.
///
/// # Examples
/// ```
/// use automl_arch::{Architecture, Block, Layer};
/// use automl_data::{DataSplits, Dataset, Recipe, Split};
/// use automl_train::{Training, cpu};
/// use std::sync::Arc;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.15, 0)?;
/// let data = Arc::new(data.subset(0.1, 0));
/// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
/// let recipe = Recipe::for_data(&data, 3);
/// let mut training =
///     Training::new(&Architecture::new(1, 8, layers), &data, &recipe, 0, &cpu())?;
/// let first = training.run_epoch(&|| false)?.loss;
/// let second = training.run_epoch(&|| false)?.loss;
/// assert!(second < first);
/// let evaluation = training.evaluate(Split::Validation);
/// assert!(evaluation.loss.is_finite());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Training {
    pub(crate) description: NetworkSpec,
    data: Arc<DataSplits>,
    pub(crate) recipe: Recipe,
    pub(crate) seed: u64,
    device: Device,
    pub(crate) network: Network,
    pub(crate) optimizer: OptimizerState,
    /// The average of the weights, where the recipe has one.
    pub(crate) average: Average,
    pub(crate) epoch: u64,
    /// Progress within the epoch that runs.
    pub(crate) within: Progress,
    /// The start from another network's weights.
    pub(crate) transfer: Option<Transfer>,
    /// The parts of the network that train together with it.
    pub(crate) sandwich: Option<Sandwich>,
    targets: Targets,
    memory: Memory,
}

impl Training {
    /// A fresh network, ready for its first epoch: an [`Architecture`], or the primitive nodes of
    /// a [`Graph`](automl_arch::Graph).
    ///
    /// # Errors
    /// [`TrainError`] for an invalid network or recipe, or one that does not fit the data.
    pub fn new(
        network: impl Into<NetworkSpec>,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let description = network.into();
        let device = device.clone().autodiff();
        let graph = description.graph()?;
        Memory::of(&graph).check(recipe.batch.min(data.train.len()))?;
        let network = Network::from_graph(&graph, seed, &device);
        Self::assemble(description, data, recipe, seed, device, network)
    }

    /// Training that starts from given weights, as [`Network::tensors`] lists them.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`TrainError::Weights`] for weights that do not fit.
    pub fn with_weights(
        network: impl Into<NetworkSpec>,
        weights: Vec<NamedTensor>,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let mut training = Self::new(network, data, recipe, seed, device)?;
        training.network = training.network.with_tensors(weights)?;
        Ok(training)
    }

    /// Takes over the weights of another network, as many as fit in their order by role and shape, for
    /// a training that has not begun: see [`Transfer`].
    ///
    /// # Errors
    /// [`TrainError::Weights`] for tensors with another number of values than their shape says.
    pub fn start_from(&mut self, weights: &[NamedTensor]) -> Result<&Transfer, TrainError> {
        let mut tensors = self.network.tensors();
        let taken = take_over(&mut tensors, weights);
        self.network = self.network.clone().with_tensors(tensors)?;
        Ok(self.transfer.insert(Transfer::new(taken, self.recipe.epochs)))
    }

    /// The start from another network's weights, if there was one.
    pub fn transfer(&self) -> Option<&Transfer> {
        self.transfer.as_ref()
    }

    /// Learning rates of parameters that have another one than the recipe's.
    fn rates(&self) -> HashMap<ParamId, f64> {
        let Some(transfer) = &self.transfer else { return HashMap::new() };
        let rate = |(name, id): (String, ParamId)| (id, transfer.rate(&name, self.epoch));
        self.network.parameter_ids().into_iter().map(rate).collect()
    }

    pub(crate) fn assemble(
        description: NetworkSpec,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: Device,
        network: Network,
    ) -> Result<Self, TrainError> {
        recipe.check()?;
        let graph = description.graph()?;
        let takes = (graph.input_channels, graph.input_side, graph.classes);
        let has = (data.channels, data.side, data.classes);
        if takes != has {
            let text = |(channels, side, classes): (usize, Extent, usize)| {
                let color =
                    if channels == 1 { "1 channel".into() } else { format!("{channels} channels") };
                format!("{color}, {} and {classes} classes", side.in_words())
            };
            return Err(TrainError::Mismatch { takes: text(takes), has: text(has) });
        }
        if data.train.len() < 2 {
            return Err(TrainError::TooFew { images: data.train.len() });
        }
        let mut recipe = recipe.clone();
        recipe.batch = recipe.batch.min(data.train.len());
        Ok(Self {
            targets: Targets::new(&recipe, data),
            memory: Memory::of(&graph),
            description,
            data: Arc::clone(data),
            seed,
            device,
            network,
            recipe: recipe.clone(),
            optimizer: OptimizerState::new(recipe.optimizer),
            average: Average::default(),
            epoch: 0,
            within: Progress::default(),
            transfer: None,
            sandwich: None,
        })
    }

    /// The number of epochs so far.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Ends the training after this number of epochs instead: the learning rate goes on as if that
    /// had been planned from the start. At least one epoch more than there were.
    pub fn set_epochs(&mut self, epochs: u64) {
        self.recipe.epochs = epochs.max(self.epoch + 1);
    }

    /// Recipe of the training.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The seed of weights, order and augmentation.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The number of epochs after which the learning rate is zero.
    pub fn epochs(&self) -> u64 {
        self.recipe.epochs
    }

    /// Specification of the network.
    pub fn description(&self) -> &NetworkSpec {
        &self.description
    }

    /// The architecture, if the network was given as one.
    pub fn architecture(&self) -> Option<&Architecture> {
        match &self.description {
            NetworkSpec::Blocks(architecture) => Some(architecture),
            NetworkSpec::Nodes(_) => None,
        }
    }

    /// The number of parts of a batch that are trained on one after the other, since the activations of
    /// all of it would take more than 256 MB. The gradient is the mean over the parts, but each is
    /// normalized by its own statistics, so that the numbers differ from those of a whole batch.
    pub fn parts(&self) -> usize {
        self.memory.parts(self.recipe.batch)
    }

    /// A sentence on a training in [`parts`](Self::parts) of a batch; `None` for whole batches.
    pub fn in_parts(&self) -> Option<String> {
        let (batch, parts) = (self.recipe.batch, self.parts());
        let part = batch.div_ceil(parts);
        (parts > 1).then(|| {
            format!(
                "the activations of {batch} images take more than 256 MB: a batch is trained in {parts} \
                 parts of {part} images, each normalized by its own statistics"
            )
        })
    }

    /// The network as it is now, in training mode.
    pub fn network(&self) -> &Network {
        &self.network
    }

    pub(crate) fn data(&self) -> &DataSplits {
        &self.data
    }

    pub(crate) fn shared_data(&self) -> &Arc<DataSplits> {
        &self.data
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The learning rate of a step.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        self.recipe.rate(step, self.steps_per_epoch())
    }

    fn steps_per_epoch(&self) -> u64 {
        (self.data.train.len() / self.recipe.batch).max(1) as u64
    }

    /// The training batches of an epoch of its own.
    fn batches(&self, epoch: u64) -> Batches {
        let threads = loader_threads(&self.device);
        loader::epoch_of(&self.data, &self.recipe, (self.seed, epoch), threads)
    }

    /// Trains for one epoch, or for the rest of one that was stopped. `stop` is asked before each step.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] if the loss is not finite; [`TrainError::Stopped`] if `stop` says so. The
    /// next call goes on with the same step.
    pub fn run_epoch(&mut self, stop: &dyn Fn() -> bool) -> Result<EpochReport, TrainError> {
        self.run_epoch_with(stop, &mut |_, _| Ok(()))
    }

    /// Runs an epoch and calls `after` behind each step.
    pub(crate) fn run_epoch_with(
        &mut self,
        stop: &dyn Fn() -> bool,
        after: &mut dyn FnMut(&mut Self, u64) -> Result<(), TrainError>,
    ) -> Result<EpochReport, TrainError> {
        let start = Instant::now();
        let steps = self.steps_per_epoch();
        let threads = loader_threads(&self.device);
        let (key, done) = ((self.seed, self.epoch), self.within.steps as usize);
        let batches = loader::rest_of_epoch(&self.data, &self.recipe, key, done, threads);
        let mut losses = Vec::new();
        for batch in batches {
            if stop() {
                self.read(&mut losses)?;
                return Err(TrainError::Stopped { epoch: self.epoch + 1 });
            }
            let step = self.epoch * steps + self.within.steps;
            losses.push(self.step(batch, step)?);
            self.within.steps += 1;
            after(self, step)?;
            // The loss is read now and then only, so that a GPU is not waited for at each step.
            if losses.len() == 16 {
                self.read(&mut losses)?;
            }
        }
        self.read(&mut losses)?;
        self.epoch += 1;
        let Progress { steps, loss } = std::mem::take(&mut self.within);
        let loss = loss / steps.max(1) as f64;
        Ok(EpochReport { epoch: self.epoch, loss, time: start.elapsed() })
    }

    /// Adds some losses to the sum of the epoch; NaN or infinity ends the training.
    fn read(&mut self, losses: &mut Vec<Tensor<1>>) -> Result<(), TrainError> {
        for loss in losses.drain(..) {
            let loss = loss.into_scalar::<f64>();
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch: self.epoch + 1, loss });
            }
            self.within.loss += loss;
        }
        Ok(())
    }

    /// One step; returns the loss, still on the device.
    fn step(&mut self, mut batch: Batch, step: u64) -> Result<Tensor<1>, TrainError> {
        let Regularization { mixing, average, .. } = self.recipe.regularization;
        let count = batch.labels.len();
        let mut rng = stream(self.seed, step, "mixing");
        let mixed = mixing.apply(&mut batch.pixels, count, self.data.side, &mut rng);
        let batch = self.targets.prepare(batch, self.data.classes, mixed.as_ref());
        let (value, gradients) = match &self.sandwich {
            Some(sandwich) => sandwich.gradients(self, &batch, step)?,
            None => {
                let noise = self.noise_of(&self.network, count, step);
                let (network, parts) = (&self.network, self.parts());
                gradients_in_parts(network, &self.data, batch, parts, &noise, &self.device)
            }
        };
        let (rates, rate) = (self.rates(), self.rate(step));
        let network = self.network.clone();
        self.network = self.optimizer.step(network, &gradients, &self.recipe, rate, &rates);
        if average > 0.0 {
            self.average.follow(&self.network, average);
        }
        Ok(value)
    }

    /// The noise of a step of this training in a network, on `count` images.
    pub(crate) fn noise_of(&self, network: &Network, count: usize, step: u64) -> Noise {
        let Regularization { dropout, stochastic_depth, .. } = self.recipe.regularization;
        let mut rng = stream(self.seed, step, "noise");
        network.noise(count, dropout, stochastic_depth, &mut rng)
    }

    /// The gradients of the loss by every parameter, as [`Network::gradient_tensors`] lists them, on
    /// each of the first `count` batches of an epoch of their own. The network stays as it is.
    pub fn gradients(&self, count: usize, mut each: impl FnMut(&[NamedTensor])) {
        let network = self.network.copy();
        for batch in self.batches(1 << 31).take(count) {
            let batch = self.targets.prepare(batch, self.data.classes, None);
            let (parts, noise) = (self.parts(), Noise::default());
            let (_, gradients) =
                gradients_in_parts(&network, &self.data, batch, parts, &noise, &self.device);
            each(&network.gradient_tensors(&gradients));
        }
    }

    /// The network for evaluation, with the average of the weights where the recipe has one. While
    /// its weights still move fast, and for an average, the running statistics of normalization do
    /// not fit them, so they are taken anew from some training batches.
    pub fn trained(&self) -> Network {
        let steps = self.epoch * self.steps_per_epoch();
        let (mut copy, count) = match self.averaged() {
            Some(average) => (average, CALIBRATION),
            None if steps >= SETTLED || steps == 0 => return self.network.valid(),
            None => (self.network.copy(), RECALIBRATION),
        };
        self.calibrate(&mut copy, count);
        copy.valid()
    }

    /// A copy of the network with the average of its weights, where the recipe has one.
    pub(crate) fn averaged(&self) -> Option<Network> {
        (self.average.steps > 0).then(|| self.average.apply(&self.network))
    }

    /// Takes the running statistics of normalization anew from some training batches.
    pub(crate) fn calibrate(&self, network: &mut Network, batches: usize) {
        let mut seen = 0;
        for batch in self.batches(u32::MAX.into()).take(batches) {
            observe_in_parts(network, &self.data, &batch, self.parts(), &mut seen, &self.device);
        }
    }

    /// Evaluates the network on a part of the data, without augmentation.
    pub fn evaluate(&self, split: Split) -> Evaluation {
        let judged = self.data.images(split);
        evaluate(&self.trained(), &self.data, judged, self.memory, &self.device)
    }

    /// An output of the trained network for each image, row by row.
    pub(crate) fn outputs(
        &self,
        images: &Images,
        output: impl Fn(&Network, Tensor<4>) -> Tensor<2>,
    ) -> Vec<f32> {
        outputs(&self.trained(), &self.data, images, self.memory, &self.device, output)
    }
}
