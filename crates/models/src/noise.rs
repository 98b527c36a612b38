//! Dropout and stochastic depth: parts of a network that a training step leaves out.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Factors of one training step by which maps of a network are multiplied, drawn for each image by
/// [`Network::noise`](crate::Network::noise).
///
/// The body of a residual block is multiplied by 0 with a probability that grows linearly with the
/// number of the block, else by 1 / (1 - probability): in expectation by 1, so nothing changes in
/// evaluation. Each number before the last linear layer likewise.
///
/// # Source
/// Huang, Sun, Liu, Sedra & Weinberger (2016), "Deep Networks with Stochastic Depth", section 3, for
/// each image by itself as in EfficientNet; Srivastava et al. (2014), "Dropout".
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
/// use automl_models::Network;
/// use burn::tensor::{Device, Tensor};
///
/// let architecture = Architecture::new(1, 8, [
///     Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(3)),
/// ]);
/// let device = Device::flex().autodiff();
/// let network = Network::new(&architecture, 0, &device)?;
/// let noise = network.noise(4, 0.5, 0.0, &mut automl_numeric::stream(0, 0, "example"));
/// let images = Tensor::ones([4, 1, 8, 8], &device);
/// let (loss, _) = network.gradients_with(images, &noise, |scores| scores.powf_scalar(2.0).mean());
/// assert!(loss.into_scalar::<f32>() >= 0.0);
/// # Ok::<(), automl_arch::ArchitectureError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Noise {
    /// Factors of each image `[batch, width]` by the number of the layer.
    at: BTreeMap<usize, Arc<Factors>>,
}

/// Factors of a batch `[batch, width]`.
#[derive(Clone, Debug)]
pub(crate) struct Factors {
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Factors {
    /// Independent factors of 0, with a probability, or its complement's inverse.
    fn draw(batch: usize, width: usize, probability: f64, rng: &mut dyn Rng) -> Arc<Self> {
        let kept = (1.0 / (1.0 - probability)) as f32;
        let mut draw = || if rng.random::<f64>() < probability { 0.0 } else { kept };
        Arc::new(Self { width, values: (0..batch * width).map(|_| draw()).collect() })
    }

    /// Values of images multiplied by their factors, those of one image by one factor each or all
    /// by the same.
    pub(crate) fn scale(&self, values: &mut [f32]) {
        let images = self.values.len() / self.width.max(1);
        let size = values.len() / images.max(1);
        let rows = values.chunks_exact_mut(size.max(1)).zip(self.values.chunks_exact(self.width));
        for (row, factors) in rows {
            match factors {
                [factor] => row.iter_mut().for_each(|value| *value *= factor),
                _ => row.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor),
            }
        }
    }

    /// The factors as a tensor `[batch, width, 1, 1]`.
    pub(crate) fn tensor(&self, device: &Device) -> Tensor<4> {
        let shape = [self.values.len() / self.width.max(1), self.width, 1, 1];
        Tensor::from_data(TensorData::new(self.values.clone(), shape), device)
    }
}

impl Noise {
    /// Draws the factors of a step on `batch` images for layers by their number, with the width of what
    /// is left out there and the probability.
    pub(crate) fn draw(
        places: impl Iterator<Item = (usize, usize, f64)>,
        batch: usize,
        rng: &mut dyn Rng,
    ) -> Self {
        let drawn = places.map(|(layer, width, probability)| {
            (layer, Factors::draw(batch, width, probability, rng))
        });
        Self { at: drawn.collect() }
    }

    /// The noise of some of the images.
    pub fn part(&self, images: Range<usize>) -> Self {
        let part = |factors: &Arc<Factors>| {
            let Factors { width, values } = &**factors;
            let values = values[images.start * width..images.end * width].to_vec();
            Arc::new(Factors { width: *width, values })
        };
        Self { at: self.at.iter().map(|(index, factors)| (*index, part(factors))).collect() }
    }

    /// Whether nothing is left out.
    pub fn is_none(&self) -> bool {
        self.at.is_empty()
    }

    /// The factors of a layer.
    pub(crate) fn of(&self, layer: usize) -> Option<&Arc<Factors>> {
        self.at.get(&layer)
    }
}
