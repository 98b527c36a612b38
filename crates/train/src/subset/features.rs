//! Images as points.

use super::reference::Reference;
use crate::TrainError;
use automl_data::DataSplits;
use automl_models::Network;

/// The shorter side to which images are averaged before their pixels are compared.
const SIDE: usize = 8;

/// Points `[n, width]`, one row for each image.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    width: usize,
    values: Vec<f32>,
}

impl Features {
    /// Rows of `width` numbers; a rest that fills no row is left out.
    pub fn new(width: usize, mut values: Vec<f32>) -> Self {
        let width = width.max(1);
        values.truncate(values.len() / width * width);
        Self { width, values }
    }

    /// The normalized pixels of the training images, averaged down to a shorter side of 8.
    pub fn pixels(data: &DataSplits) -> Self {
        let images = data.train.resized(data.side.scaled_to(SIDE));
        let mut values = Vec::with_capacity(images.len() * images.size());
        for index in 0..images.len() {
            data.normalize(images.image(index), &mut values);
        }
        Self::new(images.size(), values)
    }

    /// Features of the training images before the classifier of a small network that was trained on
    /// them for a few epochs.
    ///
    /// # Errors
    /// [`TrainError`] if the network cannot be trained, or training was stopped.
    pub fn learnt(reference: &mut Reference<'_>) -> Result<Self, TrainError> {
        let values = reference.output(0, Network::features)?;
        let count = reference.data().train.len().max(1);
        Ok(Self::new(values.len() / count, values))
    }

    /// The number of points.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// `true` without points.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One point; empty behind the last.
    pub fn row(&self, index: usize) -> &[f32] {
        self.values.get(index * self.width..(index + 1) * self.width).unwrap_or_default()
    }

    /// Points at `indexes`, in this order.
    pub fn select(&self, indexes: &[usize]) -> Self {
        let values = indexes.iter().flat_map(|&index| self.row(index)).copied().collect();
        Self { width: self.width, values }
    }

    /// The mean of all points.
    pub fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.width];
        for row in self.values.chunks_exact(self.width) {
            for (m, x) in mean.iter_mut().zip(row) {
                *m += f64::from(*x);
            }
        }
        let count = self.len().max(1) as f64;
        mean.iter_mut().for_each(|m| *m /= count);
        mean
    }
}
