//! Training and held-out loss of a network as a bilevel problem.

use super::{Bilevel, difference};
use crate::batch::{Targets, gradients};
use crate::{TrainError, Training};
use automl_data::loader::{Batch, prepare};
use automl_data::{Augmentation, DataSplits, Images};
use automl_models::{NamedTensor, Network};
use automl_numeric::stream;
use burn::tensor::Device;
use rand::seq::index::sample;

/// Losses of a network on one training batch and one held-out batch.
///
/// Hyperparameters are weight decay, label smoothing and the augmented share, in this order.
pub(super) struct NetworkLosses<'a> {
    data: &'a DataSplits,
    device: &'a Device,
    augmentation: Augmentation,
    network: &'a Network,
    tensors: Vec<NamedTensor>,
    /// Indexes of the images, and the stream of their augmentation.
    batch: (Vec<usize>, (u64, u64)),
    held_out: Images,
    known: Option<(Vec<f64>, Vec<f64>)>,
}

impl<'a> NetworkLosses<'a> {
    /// The batches of a step.
    pub(super) fn new(training: &'a Training, step: u64) -> Self {
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
        batch: Batch,
        smoothing: f64,
    ) -> Result<Vec<f64>, TrainError> {
        // A copy, since a pass moves the running statistics of normalization.
        let network = self.network.copy().with_tensors(self.with(weights))?;
        let targets = Targets::smoothed(smoothing);
        let (_, gradients) = gradients(&network, self.data, batch, &targets, self.device);
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

impl Bilevel for NetworkLosses<'_> {
    type Error = TrainError;

    fn training_gradient(
        &mut self,
        weights: &[f64],
        hyper: &[f64],
    ) -> Result<Vec<f64>, TrainError> {
        let augmentation = Augmentation { share: hyper[2], ..self.augmentation.clone() };
        let batch = prepare(self.data, &augmentation, &self.batch.0, self.batch.1);
        let mut gradient = self.gradient(weights, batch, hyper[1])?;
        let decaying = self.decaying(weights);
        gradient.iter_mut().zip(decaying).for_each(|(g, w)| *g += hyper[0] * w);
        Ok(gradient)
    }

    fn held_out_gradient(&mut self, weights: &[f64]) -> Result<Vec<f64>, TrainError> {
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
        let gradient = self.gradient(weights, Batch { pixels, labels }, 0.0)?;
        self.known = Some((weights.to_vec(), gradient.clone()));
        Ok(gradient)
    }

    /// The loss is linear in smoothing and share.
    fn difference_points(&self, _: &[f64], index: usize) -> (f64, f64) {
        (0.0, if index == 1 { 0.5 } else { 1.0 })
    }

    fn mixed_derivative(
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

/// Values of all parameters in a row.
pub(super) fn flat(tensors: &[NamedTensor]) -> Vec<f64> {
    let learnt = tensors.iter().filter(|tensor| tensor.is_parameter());
    learnt.flat_map(|tensor| tensor.values.iter().map(|value| f64::from(*value))).collect()
}
