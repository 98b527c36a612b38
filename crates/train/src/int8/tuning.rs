//! The fine-tuning of a network with rounding in it.

use super::error::Int8Error;
use super::pointwise::numbers;
use super::simulated::Simulated;
use crate::batch::{Targets, cross_entropy, images, labels};
use crate::device::{cpu, loader_threads};
use crate::evaluation::evaluate;
use crate::{Evaluation, Memory, TrainError};
use automl_arch::Graph;
use automl_data::{DataSplits, Recipe, loader};
use automl_deploy::{Program, Tensor as Tensor32, Weights};
use automl_models::{NamedTensor, Network};
use automl_quantize::Int8Program;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use std::fmt;
use std::sync::Arc;

/// Images in a step.
const BATCH: usize = 32;

/// The most multiply-accumulates of forward passes in a fine-tuning, of a few minutes.
const MOST_WORK: u64 = 1 << 37;

/// The options of a fine-tuning for int8.
///
/// # Examples
/// See [`tune_int8`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Int8Tuning {
    /// The most training images that scales are calibrated with.
    pub calibration: usize,
    /// The number of epochs, after each of which scales are calibrated anew.
    pub epochs: u64,
    /// The most steps of 32 images in an epoch; fewer of networks with more than 5 M
    /// multiply-accumulates.
    pub steps: u64,
    /// The highest learning rate, of Adam.
    pub rate: f64,
    /// The seed of calibration images, order and augmentation.
    pub seed: u64,
}

impl Default for Int8Tuning {
    fn default() -> Self {
        Self { calibration: 512, epochs: 3, steps: 300, rate: 1e-3, seed: 0 }
    }
}

impl Int8Tuning {
    /// The loss of accuracy in int8 from which on a network is worth the fine-tuning: half a point.
    pub const LARGE_LOSS: f64 = 0.005;
}

/// A network that was fine-tuned for int8.
#[derive(Debug)]
pub struct TunedInt8 {
    /// The network, with weights in floats.
    pub network: Network,
    /// The same weights by name.
    pub weights: Weights,
    /// Accuracy and loss of the network in floats on the validation and the test images.
    pub evaluations: [Evaluation; 2],
    /// Accuracy in int8 on the validation images before, a fraction.
    pub before: f64,
    /// The same of this network.
    pub after: f64,
}

impl fmt::Display for TunedInt8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = [self.before, self.after].map(|share| 100.0 * share);
        write!(f, "fine-tuned for int8: {before:.2} to {after:.2} % of the validation images")
    }
}

/// Fine-tunes a trained network with fake quantization; `None` where that does not raise the accuracy
/// in int8 on the validation images.
///
/// Normalization is folded. In the forward pass weights are rounded by output channel, and every value
/// is rounded and saturated, with the scales and the rounding of the network's int8 program; in the
/// backward pass rounding counts as the identity within the range, saturation as zero. The weights
/// themselves stay floats. Scales are calibrated before each epoch; of the networks after each epoch
/// the one with the highest accuracy in int8 is kept. Normalization keeps its statistics.
///
/// # Errors
/// [`Int8Error`] for weights that do not fit, a network that cannot be quantized, and
/// [`TrainError::Stopped`] if `stop` says so.
///
/// # Source
/// Jacob et al. (2018), "Quantization and training of neural networks for efficient
/// integer-arithmetic-only inference", arXiv 1712.05877.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
/// use automl_data::{DataSplits, Dataset, Recipe};
/// use automl_deploy::{Tensor, Weights};
/// use automl_train::{Int8Tuning, Training, cpu, tune_int8};
/// use std::sync::Arc;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.15, 0)?;
/// let data = Arc::new(data.subset(0.1, 0));
/// let layers = [
///     Layer::once(Block::conv(4, 3, 1, Activation::Relu)),
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(10)),
/// ];
/// let graph = Architecture::new(1, 8, layers).graph()?;
/// let recipe = Recipe::for_data(&data, 1);
/// let mut training = Training::new(&graph, &data, &recipe, 0, &cpu())?;
/// training.run_epoch(&|| false)?;
/// let tensors = training.trained().tensors().into_iter();
/// let weights = Weights::new(tensors.map(|t| Tensor { name: t.name, shape: t.shape, values: t.values }));
/// let tuning = Int8Tuning { epochs: 1, ..Int8Tuning::default() };
/// if let Some(tuned) = tune_int8(&graph, &weights, &data, &recipe, &tuning, &|| false)? {
///     assert!(tuned.after > tuned.before);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tune_int8(
    graph: &Graph,
    weights: &Weights,
    data: &Arc<DataSplits>,
    recipe: &Recipe,
    tuning: &Int8Tuning,
    stop: &dyn Fn() -> bool,
) -> Result<Option<TunedInt8>, Int8Error> {
    let device = cpu().autodiff();
    let judge = |weights: &Weights| -> Result<(Int8Program, f64), Int8Error> {
        let program = Program::lower(graph, weights)?;
        let input = data.preprocessing();
        let (count, seed) = (tuning.calibration, tuning.seed);
        let int8 = Int8Program::calibrate(&program, &input, &data.train, count, seed)?;
        let accuracy = int8.accuracy(&data.validation);
        Ok((int8, accuracy))
    };
    let (mut int8, before) = judge(weights)?;
    let fits = MOST_WORK / (tuning.epochs.max(1) * BATCH as u64 * graph.cost().macs.max(1));
    let tuning = &Int8Tuning { steps: tuning.steps.min(fits).max(1), ..*tuning };
    let program = Program::lower(graph, weights)?;
    let mut tuner = Tuner::new(program.clone(), data, recipe, tuning, &device);
    let mut best: Option<(Weights, f64)> = None;
    for epoch in 0..tuning.epochs {
        if !tuner.epoch(&int8, epoch, stop)? {
            break;
        }
        let tuned = tuner.simulated.program().unfold(&program, weights);
        let Ok((calibrated, accuracy)) = judge(&tuned) else { break };
        int8 = calibrated;
        if accuracy > best.as_ref().map_or(before, |(_, best)| *best) {
            best = Some((tuned, accuracy));
        }
    }
    let Some((weights, after)) = best else { return Ok(None) };
    let network = Network::from_graph(graph, 0, &cpu());
    let network = network.with_tensors(named(&weights)).map_err(TrainError::from)?.valid();
    let memory = Memory::of(graph);
    let evaluations = [&data.validation, &data.test]
        .map(|images| evaluate(&network, data, images, memory, &cpu()));
    Ok(Some(TunedInt8 { network, weights, evaluations, before, after }))
}

/// Weights as the training knows them.
fn named(weights: &Weights) -> Vec<NamedTensor> {
    let tensor = |Tensor32 { name, shape, values }: Tensor32| NamedTensor { name, shape, values };
    weights.iter().cloned().map(tensor).collect()
}

/// A fine-tuning that runs.
struct Tuner<'a> {
    simulated: Simulated,
    adam: ModuleOptimizer,
    data: &'a Arc<DataSplits>,
    recipe: Recipe,
    targets: Targets,
    tuning: &'a Int8Tuning,
    steps: u64,
    device: &'a Device,
}

impl<'a> Tuner<'a> {
    fn new(
        program: Program,
        data: &'a Arc<DataSplits>,
        recipe: &Recipe,
        tuning: &'a Int8Tuning,
        device: &'a Device,
    ) -> Self {
        let batch = BATCH.min(data.train.len()).max(1);
        let recipe = Recipe {
            epochs: tuning.epochs,
            batch,
            learning_rate: tuning.rate,
            warmup: 0.0,
            ..recipe.clone()
        };
        let steps = ((data.train.len() / batch) as u64).clamp(1, tuning.steps);
        Self {
            simulated: Simulated::new(program, device),
            adam: AdamConfig::new().with_epsilon(1e-8).init(),
            data,
            targets: Targets::new(&recipe, data),
            recipe,
            tuning,
            steps,
            device,
        }
    }

    /// Trains for an epoch; `false` if the loss became infinite or NaN.
    fn epoch(
        &mut self,
        int8: &Int8Program,
        epoch: u64,
        stop: &dyn Fn() -> bool,
    ) -> Result<bool, Int8Error> {
        let key = (self.tuning.seed, epoch);
        let batches = loader::epoch_of(self.data, &self.recipe, key, loader_threads(self.device));
        for (index, batch) in (0..self.steps).zip(batches) {
            if stop() {
                return Err(TrainError::Stopped { epoch: epoch + 1 }.into());
            }
            let targets = labels(&self.targets, &batch.labels, self.data.classes, self.device);
            let images = images(self.data, batch.pixels, batch.labels.len(), self.device);
            let loss = cross_entropy(self.simulated.forward(int8, images), targets);
            let gradients = loss.backward();
            if !numbers(loss).iter().all(|loss| loss.is_finite()) {
                return Ok(false);
            }
            let parameters = self.simulated.parameters.clone();
            let rate = self.recipe.rate(epoch * self.steps + index, self.steps);
            let gradients = GradientsParams::from_grads(gradients, &parameters);
            self.simulated.parameters = self.adam.step(rate, parameters, gradients);
        }
        Ok(true)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Training;
    use automl_arch::{Activation, Architecture, Block, Layer, block};
    use automl_data::Dataset;

    /// A small network with squeeze-and-excitation, channel attention, depthwise convolutions, sums and
    /// tables.
    pub(in crate::int8) fn conv_network() -> Architecture {
        let v3 = |squeeze_excite, hard_swish, eca, stride| {
            Block::InvertedResidualV3(block::InvertedResidualV3 {
                kernel: 3,
                expansion: 2.0,
                channels: 8,
                squeeze_excite,
                hard_swish,
                stride,
                eca,
            })
        };
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(v3(true, true, false, 1)),
            Layer::once(v3(false, false, true, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        Architecture::new(1, 8, layers)
    }

    /// The digits, and a network trained on them for so many epochs.
    pub(in crate::int8) fn trained(
        architecture: &Architecture,
        epochs: u64,
    ) -> (Arc<DataSplits>, Graph, Weights) {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let data = Arc::new(data.resized(architecture.input_side));
        let recipe = Recipe::for_data(&data, epochs);
        let mut training = Training::new(architecture, &data, &recipe, 0, &cpu()).unwrap();
        for _ in 0..epochs {
            training.run_epoch(&|| false).unwrap();
        }
        let tensor =
            |NamedTensor { name, shape, values }: NamedTensor| Tensor32 { name, shape, values };
        let weights = Weights::new(training.trained().tensors().into_iter().map(tensor));
        (data, architecture.graph().unwrap(), weights)
    }

    /// The weights with half of the channels of the first layer a hundred times as large, and their
    /// readers as much smaller: the same function in floats, of which int8 loses the small channels.
    fn unequal(weights: &Weights) -> Weights {
        let factor = |channel: usize| if channel.is_multiple_of(2) { 100.0 } else { 1.0 };
        Weights::new(weights.iter().cloned().map(|mut tensor| {
            let values = tensor.values.iter_mut().enumerate();
            match tensor.name.as_str() {
                "layers.0.Convolution.norm.batch.gamma"
                | "layers.0.Convolution.norm.batch.beta" => {
                    values.for_each(|(channel, value)| *value *= factor(channel));
                }
                // [outputs, inputs, 3, 3]
                "layers.1.Convolution.weight" => {
                    values.for_each(|(index, value)| *value /= factor(index / 9 % 8));
                }
                _ => {}
            }
            tensor
        }))
    }

    fn int8_accuracy(data: &DataSplits, graph: &Graph, weights: &Weights) -> f64 {
        let program = Program::lower(graph, weights).unwrap();
        let input = data.preprocessing();
        let int8 = Int8Program::calibrate(&program, &input, &data.train, 512, 0).unwrap();
        int8.accuracy(&data.test)
    }

    /// Where quantization after training loses much, fine-tuning brings at least half of it back, on test
    /// images; the weights stay floats.
    #[test]
    fn tuned_networks_are_better_in_int8() {
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        let epochs = 25;
        let (data, graph, equal) = trained(&Architecture::new(1, 8, layers), epochs);
        let weights = unequal(&equal);
        let recipe = Recipe::for_data(&data, epochs);
        let tuning = Int8Tuning::default();
        let tuned = tune_int8(&graph, &weights, &data, &recipe, &tuning, &|| false).unwrap();
        let accuracy = |weights: &Weights| int8_accuracy(&data, &graph, weights);
        let tuned = tuned.unwrap();
        let [known, before, after] = [&equal, &weights, &tuned.weights].map(accuracy);
        assert!(
            before < known - 0.05 && after > (known + before) / 2.0,
            "{known} {before} {after}"
        );
        let floats = tuned.weights.iter().flat_map(|tensor| &tensor.values);
        assert!(floats.filter(|w| (*w * 127.0).fract() != 0.0).count() > 100);
    }

    #[test]
    fn the_stop_flag_ends_the_tuning() {
        let (data, graph, weights) = trained(&conv_network(), 1);
        let recipe = Recipe::for_data(&data, 1);
        let tuned = tune_int8(&graph, &weights, &data, &recipe, &Int8Tuning::default(), &|| true);
        assert!(matches!(tuned, Err(Int8Error::Train(TrainError::Stopped { epoch: 1 }))));
    }
}
