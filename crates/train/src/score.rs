//! Cheap scores of networks that have not been trained.
//!
//! Each is a number that is larger for networks that are thought to do better. None is an
//! objective: parameters alone, which cost nothing to count, rank networks about as well (White et
//! al. 2022, "A deeper look at zero-cost proxies"), so every score is to be compared with them.

mod gradient_norm;
mod naswot;
mod synflow;

use crate::cpu;
use automl_arch::{Architecture, ArchitectureError};
use automl_data::DataSplits;
use automl_models::Network;
use automl_numeric::stream;
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Cheap scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// The logarithm of the parameters: what every other score has to beat.
    Params,
    /// The logarithm of the multiply-accumulates: likewise.
    Macs,
    /// log |det K| of the patterns in which the nonlinearities respond to a batch: a network that
    /// tells the images of a batch apart has many patterns. Minus infinity where two images have
    /// the same.
    ///
    /// # Source
    /// Mellor et al. (2021), "Neural architecture search without training", eqs. (1) and (2).
    Naswot,
    /// log of the sum over all weights of w dR/dw: R is the sum of the class scores of an image of
    /// ones, in the network with the absolute values of its weights and without nonlinearities,
    /// normalisation and attention.
    ///
    /// # Source
    /// Tanaka et al. (2020), "Pruning neural networks without any data by iteratively conserving
    /// synaptic flow", eqs. (1) and (2); Abdelfattah et al. (2021), "Zero-cost proxies for
    /// lightweight NAS", section 3.2, for the sum.
    Synflow,
    /// The sum over all weights' tensors of the Euclidean norm of the loss's gradient at
    /// initialisation.
    ///
    /// # Source
    /// Abdelfattah et al. (2021), section 3.2.
    GradientNorm,
}

impl Score {
    /// All of them, those that need no network first.
    pub const ALL: [Self; 5] =
        [Self::Params, Self::Macs, Self::Naswot, Self::Synflow, Self::GradientNorm];

    /// Its name, as settings and tables have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Params => "params",
            Self::Macs => "macs",
            Self::Naswot => "naswot",
            Self::Synflow => "synflow",
            Self::GradientNorm => "gradient-norm",
        }
    }

    /// The score of a network with the initial weights that a seed gives. Computed on the CPU, as a
    /// function of the arguments alone.
    ///
    /// # Errors
    /// An architecture that cannot be built.
    pub fn of(
        self,
        architecture: &Architecture,
        batch: &ScoreBatch,
        seed: u64,
    ) -> Result<f64, ArchitectureError> {
        let device = cpu().autodiff();
        Ok(match self {
            Self::Params => (architecture.cost()?.parameters as f64).ln(),
            Self::Macs => (architecture.cost()?.macs as f64).ln(),
            Self::Naswot => {
                let network = Network::new(architecture, seed, &device)?;
                naswot::naswot(network, batch.images(&device))
            }
            Self::Synflow => {
                let network = synflow::linear(architecture.graph()?, seed, &device);
                let shape = (architecture.input_channels, architecture.input_side);
                synflow::synflow(network, shape, &device).ln()
            }
            Self::GradientNorm => {
                let network = Network::new(architecture, seed, &device)?;
                let labels = batch.targets(&device);
                gradient_norm::gradient_norm(&network, batch.images(&device), labels)
            }
        })
    }
}

/// The training images that scores look at.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreBatch {
    /// Normalised pixels.
    pixels: Vec<f32>,
    /// `[n, channels, side, side]`
    shape: [usize; 4],
    labels: Vec<u16>,
    classes: usize,
}

impl ScoreBatch {
    /// Up to `count` random training images, without augmentation.
    pub fn new(data: &DataSplits, count: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..data.train.len()).collect();
        order.shuffle(&mut stream(seed, 0, "score batch"));
        order.truncate(count);
        let mut pixels = Vec::with_capacity(order.len() * data.train.size());
        order.iter().for_each(|index| data.normalize(data.train.image(*index), &mut pixels));
        Self {
            pixels,
            shape: [order.len(), data.channels, data.side, data.side],
            labels: order.iter().map(|index| data.train.labels[*index]).collect(),
            classes: data.classes,
        }
    }

    fn images(&self, device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(self.pixels.clone(), self.shape), device)
    }

    /// One-hot classes `[n, classes]`.
    fn targets(&self, device: &Device) -> Tensor<2> {
        let mut targets = vec![0.0_f32; self.labels.len() * self.classes];
        for (row, label) in targets.chunks_exact_mut(self.classes).zip(&self.labels) {
            row[usize::from(*label)] = 1.0;
        }
        Tensor::from_data(TensorData::new(targets, [self.labels.len(), self.classes]), device)
    }
}
