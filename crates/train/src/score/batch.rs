//! Images on which scores are computed.

use automl_data::DataSplits;
use automl_numeric::stream;
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom;

/// Training images on which scores are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreBatch {
    /// Normalized pixels.
    pixels: Vec<f32>,
    /// `[n, channels, height, width]`
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
            shape: [order.len(), data.channels, data.side.height, data.side.width],
            labels: order.iter().map(|index| data.train.labels[*index]).collect(),
            classes: data.classes,
        }
    }

    /// Images `[n, channels, height, width]`.
    pub(super) fn images(&self, device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(self.pixels.clone(), self.shape), device)
    }

    /// One-hot classes `[n, classes]`.
    pub(super) fn targets(&self, device: &Device) -> Tensor<2> {
        let mut targets = vec![0.0_f32; self.labels.len() * self.classes];
        for (row, label) in targets.chunks_exact_mut(self.classes).zip(&self.labels) {
            row[usize::from(*label)] = 1.0;
        }
        Tensor::from_data(TensorData::new(targets, [self.labels.len(), self.classes]), device)
    }
}
