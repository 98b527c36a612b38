//! The sandwich rule: parts of a network train together and share its weights.
//!
//! In each step a large part, the smallest one and a few others see the same batch. The first learns the labels,
//! the others learn its scores (in-place distillation). Each weight follows the sum of the gradients of the
//! networks that use it. In the papers the whole network is the one that learns the labels; where it is beyond
//! the limits of the networks that are wanted, its training would take most of the time and serve no other part.
//!
//! # Source
//! Yu & Huang (2019), "Universally Slimmable Networks and Improved Training Techniques", sections 3.1
//! and 3.2; Yu et al. (2020), "BigNAS", sections 3.1 (regularization of the largest network only) and 3.3
//! (statistics of normalization); Cai et al. (2020), "Once-for-All", section 3.2.

use crate::batch::{Prepared, cross_entropy, images};
use crate::evaluation::evaluate;
use crate::{Evaluation, Memory, TrainError, Training};
use automl_arch::Architecture;
use automl_data::Images;
use automl_models::{NamedTensor, Network, Noise, add, cut};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::activation::softmax;
use burn::tensor::{Gradients, Tensor, TensorData};
use rayon::iter::{IntoParallelRefIterator, ParallelExtend, ParallelIterator};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A part of a network: a smaller one with the same kinds of layers.
///
/// Each layer has the first channels of its place in the whole, and the center of its kernels.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The smaller network.
    pub architecture: Architecture,
    /// For each of its layers the index of the layer of the whole.
    pub layers: Vec<usize>,
}

impl Part {
    /// The training batches that give the statistics of normalization of a part before its evaluation.
    pub const CALIBRATION: usize = 16;
}

/// The parts that train in a step, the smallest first.
type Parts = dyn Fn(u64) -> Vec<Part> + Send + Sync;

/// What trains together with a network; see [`Training::with_parts`].
#[derive(Clone)]
pub(crate) struct Sandwich(Arc<Parts>);

impl fmt::Debug for Sandwich {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sandwich")
    }
}

/// A part with the weights of a step.
struct Child {
    network: Network,
    nodes: Vec<usize>,
}

impl Training {
    /// Trains parts of the network in its place: those that `parts` gives for the number of a step, from 0. The
    /// first of them learns the labels, the others its scores. They must be a function of the number, so that a
    /// training that continues has the same.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Activation, Architecture, Block, Layer};
    /// use automl_data::{DataSplits, Dataset, Recipe};
    /// use automl_train::{Part, Training, cpu};
    /// use std::sync::Arc;
    ///
    /// let data = DataSplits::split(&Dataset::digits()?, 0.15, 0)?;
    /// let data = Arc::new(data.subset(0.2, 0));
    /// let network = |channels| Architecture::new(1, 8, [
    ///     Layer::once(Block::conv(channels, 3, 2, Activation::Relu)),
    ///     Layer::once(Block::GlobalAvgPool),
    ///     Layer::once(Block::Flatten),
    ///     Layer::once(Block::linear(10)),
    /// ]);
    /// let part = Part { architecture: network(4), layers: vec![0, 1, 2, 3] };
    /// let recipe = Recipe::for_data(&data, 2);
    /// let training = Training::new(&network(16), &data, &recipe, 0, &cpu())?;
    /// let own = part.clone();
    /// let mut training = training.with_parts(move |_| vec![own.clone()]);
    /// training.run_epoch(&|| false)?;
    /// let (_, evaluation) = training.evaluate_part(&part, &data.validation)?;
    /// assert!(evaluation.loss.is_finite());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_parts(mut self, parts: impl Fn(u64) -> Vec<Part> + Send + Sync + 'static) -> Self {
        self.sandwich = Some(Sandwich(Arc::new(parts)));
        self
    }

    /// The part as a network of its own, in the form for evaluation: the weights of the whole, or their
    /// average where the recipe has one, with statistics of normalization from some training batches.
    ///
    /// # Errors
    /// [`TrainError::Part`] for a network with a layer that is larger than its place in this one.
    pub fn part(&self, part: &Part) -> Result<Network, TrainError> {
        let weights = self.averaged().map_or_else(|| self.network.tensors(), |n| n.tensors());
        let mut child = Child::new(self, part, &weights)?.network;
        self.calibrate(&mut child, Part::CALIBRATION);
        Ok(child.valid())
    }

    /// The [part](Self::part) and its evaluation on some images, without augmentation.
    ///
    /// # Errors
    /// Those of [`part`](Self::part).
    pub fn evaluate_part(
        &self,
        part: &Part,
        judged: &Images,
    ) -> Result<(Network, Evaluation), TrainError> {
        let network = self.part(part)?;
        let memory = Memory::of(&part.architecture.graph()?);
        let evaluation = evaluate(&network, self.data(), judged, memory, self.device());
        Ok((network, evaluation))
    }
}

impl Child {
    fn new(whole: &Training, part: &Part, weights: &[NamedTensor]) -> Result<Self, TrainError> {
        let nodes = nodes(whole, part)?;
        let network = Network::new(&part.architecture, whole.seed, whole.device())?;
        let mut own = network.tensors();
        cut(weights, &mut own, &nodes)?;
        Ok(Self { network: network.with_tensors(own)?, nodes })
    }
}

/// For each node of the part the node of the whole.
fn nodes(whole: &Training, part: &Part) -> Result<Vec<usize>, TrainError> {
    let places = match whole.architecture() {
        Some(architecture) => architecture.places()?,
        None => Vec::new(),
    };
    let own = part.architecture.places()?;
    let mut nodes: Vec<usize> = Vec::with_capacity(own.len());
    for (node, place) in own.iter().enumerate() {
        let next = match node.checked_sub(1) {
            Some(before) if own[before] == *place => Some(nodes[before] + 1),
            _ => {
                let layer = part.layers.get(place.layer);
                places.iter().position(|other| Some(&other.layer) == layer)
            }
        };
        // A node without a place is found out by the names of its tensors.
        nodes.push(next.unwrap_or(usize::MAX));
    }
    Ok(nodes)
}

impl Sandwich {
    /// The loss of the first part on a batch, and the sum of the gradients over the networks that use a
    /// weight.
    pub(crate) fn gradients(
        &self,
        training: &Training,
        batch: &Prepared,
        step: u64,
    ) -> Result<(Tensor<1>, Gradients), TrainError> {
        let whole = &training.network;
        let weights = whole.tensors();
        let parts = (self.0)(step);
        let children = parts.iter().map(|part| Child::new(training, part, &weights));
        let children: Vec<Child> = children.collect::<Result<_, _>>()?;
        let Some((teacher, students)) = children.split_first() else {
            return Err(TrainError::NoParts { step });
        };
        let noise = training.noise_of(&teacher.network, batch.count, step);
        let mut sums: Vec<NamedTensor> =
            weights.into_iter().filter(NamedTensor::is_parameter).collect();
        sums.iter_mut().for_each(|sum| sum.values.fill(0.0));
        let mut result: Option<(Tensor<1>, Gradients)> = None;
        for images in batch.ranges(training.parts()) {
            let share = images.len() as f64 / batch.count as f64;
            let (own, own_noise) = (batch.part(images.clone()), noise.part(images));
            let (loss, gradients, found) = pass(training, teacher, students, own, &own_noise);
            for (child, own) in children.iter().zip(found) {
                accumulate(&mut sums, own, share, &child.nodes)?;
            }
            let known = result.take().map(|(known, _)| known);
            let loss = loss * share;
            result = Some((known.map_or(loss.clone(), |known| known + loss), gradients));
        }
        let (loss, mut gradients) = result.ok_or(TrainError::TooFew { images: batch.count })?;
        let ids = whole.parameter_ids().into_iter().map(|(_, id)| id);
        whole.visit(&mut Replace { gradients: &mut gradients, sums: ids.zip(sums).collect() });
        Ok((loss, gradients))
    }
}

/// Adds the gradients of one network.
fn accumulate(
    sums: &mut [NamedTensor],
    mut own: Vec<NamedTensor>,
    share: f64,
    nodes: &[usize],
) -> Result<(), TrainError> {
    // A part that diverges must not spoil the weights of the others.
    if own.iter().flat_map(|tensor| &tensor.values).all(|value| value.is_finite()) {
        own.iter_mut().flat_map(|t| &mut t.values).for_each(|value| *value *= share as f32);
        add(&own, sums, nodes)?;
    }
    Ok(())
}

/// One pass of the teacher, then of its students side by side on the threads of the current pool: the loss and
/// the gradients of the teacher, and those of each network as tensors, the teacher's first.
fn pass(
    training: &Training,
    teacher: &Child,
    students: &[Child],
    batch: Prepared,
    noise: &Noise,
) -> (Tensor<1>, Gradients, Vec<Vec<NamedTensor>>) {
    let (data, device) = (training.data(), training.device());
    let Prepared { count, pixels, targets } = batch;
    let images = images(data, pixels, count, device);
    let targets = Tensor::<2>::from_data(TensorData::new(targets, [count, data.classes]), device);
    let known = RefCell::new(None);
    let (loss, gradients) = teacher.network.gradients_with(images.clone(), noise, |scores| {
        known.replace(Some(scores.clone().inner()));
        cross_entropy(scores, targets.clone())
    });
    // Soft targets have the weight of the hard ones.
    let soft = match known.into_inner() {
        Some(scores) => softmax(scores, 1) * targets.inner().sum_dim(1),
        None => targets.inner(),
    };
    let own = |student: &Child| {
        let loss = |scores: Tensor<2>| cross_entropy(scores, Tensor::from_inner(soft.clone()));
        let (_, gradients) = student.network.gradients(images.clone(), loss);
        student.network.gradient_tensors(&gradients)
    };
    let mut found = vec![teacher.network.gradient_tensors(&gradients)];
    found.par_extend(students.par_iter().map(own));
    (loss, gradients, found)
}

/// Sets the gradients of a network by the identities of its parameters.
struct Replace<'a> {
    gradients: &'a mut Gradients,
    sums: HashMap<ParamId, NamedTensor>,
}

impl ModuleVisitor for Replace<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(NamedTensor { shape, values, .. }) = self.sums.remove(&param.id) else { return };
        let weights = param.val();
        if weights.is_require_grad() {
            let device = weights.device().inner();
            let sum = Tensor::from_data(TensorData::new(values, shape), &device);
            weights.grad_replace(self.gradients, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Targets;
    use crate::cpu;
    use automl_arch::{Activation, Block, Layer};
    use automl_data::loader::{self, Batch};
    use automl_data::{DataSplits, Dataset, Recipe};

    fn network(channels: usize, kernel: usize) -> Architecture {
        Architecture::new(
            1,
            8,
            [
                Layer::once(Block::conv(channels, kernel, 1, Activation::Relu)),
                Layer::once(Block::GlobalAvgPool),
                Layer::once(Block::Flatten),
                Layer::once(Block::linear(10)),
            ],
        )
    }

    fn training() -> Training {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
        let recipe = Recipe::for_data(&data, 1);
        Training::new(&network(16, 5), &Arc::new(data), &recipe, 0, &cpu()).unwrap()
    }

    fn part(channels: usize, kernel: usize) -> Part {
        Part { architecture: network(channels, kernel), layers: vec![0, 1, 2, 3] }
    }

    fn batch(training: &Training) -> Batch {
        let none = automl_data::Augmentation::default();
        loader::prepare(training.data(), &none, &(0..40).collect::<Vec<_>>(), (0, 0))
    }

    /// The others learn the scores of the first: what the labels are makes no difference to them.
    #[test]
    fn students_learn_from_the_teacher() {
        let training = training();
        let weights = training.network.tensors();
        let found = |shift: i32| {
            let child = |part: &Part| Child::new(&training, part, &weights).unwrap();
            let (teacher, student) = (child(&part(12, 5)), child(&part(8, 3)));
            let Batch { pixels, mut labels } = batch(&training);
            labels.iter_mut().for_each(|label| *label = (*label + shift) % 10);
            let batch = Targets::smoothed(0.1).prepare(Batch { pixels, labels }, 10, None);
            let (_, _, mut found) = pass(&training, &teacher, &[student], batch, &Noise::default());
            (found.remove(0), found.remove(0))
        };
        let ((teacher, own), (other_teacher, other)) = (found(0), found(1));
        let values = |tensors: Vec<NamedTensor>| tensors.into_iter().flat_map(|t| t.values);
        let distance = |a: Vec<NamedTensor>, b: Vec<NamedTensor>| -> f32 {
            values(a).zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        // The weights of the soft targets are sums of the hard ones.
        let (teachers, students) = (distance(teacher, other_teacher), distance(own, other));
        assert!(teachers > 1e-3 && students < 1e-8, "{teachers} {students}");
    }

    /// A weight follows all networks that use it.
    #[test]
    fn gradients_are_sums_over_the_networks() {
        let training = training();
        let weights = training.network.tensors();
        let prepared = || Targets::smoothed(0.1).prepare(batch(&training), 10, None);
        let parts = [part(16, 5), part(16, 3), part(8, 5)];
        let children: Vec<Child> =
            parts.iter().map(|part| Child::new(&training, part, &weights).unwrap()).collect();
        let (teacher, students) = children.split_first().unwrap();
        let (_, _, found) = pass(&training, teacher, students, prepared(), &Noise::default());
        let own = parts.clone();
        let sandwich = Sandwich(Arc::new(move |_| own.to_vec()));
        let (_, sum) = sandwich.gradients(&training, &prepared(), 0).unwrap();
        let sums = training.network.gradient_tensors(&sum);
        // A filter's center, of which all three networks use the first eight channels.
        let at = |channel: usize, y: usize, x: usize| channel * 25 + y * 5 + x;
        let close = |found: f32, expected: f32| {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        };
        let center = |channel: usize| channel * 9 + 4;
        let [w, a, b] = [&found[0][0], &found[1][0], &found[2][0]].map(|tensor| &tensor.values);
        close(sums[0].values[at(2, 2, 2)], w[at(2, 2, 2)] + a[center(2)] + b[at(2, 2, 2)]);
        close(sums[0].values[at(12, 2, 2)], w[at(12, 2, 2)] + a[center(12)]);
        close(sums[0].values[at(2, 0, 0)], w[at(2, 0, 0)] + b[at(2, 0, 0)]);
        close(sums[0].values[at(12, 0, 0)], w[at(12, 0, 0)]);
    }

    #[test]
    fn a_network_that_is_no_part_is_named() {
        let training = training();
        let error = training.part(&part(24, 3)).unwrap_err().to_string();
        assert!(error.contains("layers.0.Convolution.weight"), "{error}");
        let part = Part { layers: vec![0, 1, 2, 9], ..part(8, 3) };
        let error = training.part(&part).unwrap_err().to_string();
        assert!(error.contains("no tensor"), "{error}");
    }
}
