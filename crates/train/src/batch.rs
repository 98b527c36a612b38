//! Batches on the device and their loss.

use automl_data::{DataSplits, Images, loader::Batch};
use automl_models::Network;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Gradients, Tensor, TensorData};

/// Normalized pixels as a tensor `[count, channels, side, side]`.
pub(crate) fn images(
    data: &DataSplits,
    pixels: Vec<f32>,
    count: usize,
    device: &Device,
) -> Tensor<4> {
    let shape = [count, data.channels, data.side, data.side];
    Tensor::from_data(TensorData::new(pixels, shape), device)
}

/// Images at `indexes` on the device `[indexes, channels, side, side]`, without augmentation and
/// without automatic derivatives.
pub(crate) fn plain(
    data: &DataSplits,
    some: &Images,
    indexes: &[usize],
    device: &Device,
) -> Tensor<4> {
    let mut pixels = Vec::with_capacity(indexes.len() * some.size());
    for &index in indexes {
        data.normalize(some.image(index), &mut pixels);
    }
    images(data, pixels, indexes.len(), &device.clone().inner())
}

/// Mean cross-entropy of a batch and its gradients by all parameters, in training mode.
///
/// Targets are `(1 - s) one_hot + s / classes` for smoothing `s`.
pub(crate) fn gradients(
    network: &Network,
    data: &DataSplits,
    Batch { pixels, labels }: Batch,
    smoothing: f64,
    device: &Device,
) -> (Tensor<1>, Gradients) {
    let images = images(data, pixels, labels.len(), device);
    let targets = Tensor::from_data(targets(&labels, data.classes, smoothing), device);
    network.gradients(images, |scores| cross_entropy(scores, targets))
}

/// Smoothed one-hot targets `[n, classes]`.
fn targets(labels: &[i32], classes: usize, smoothing: f64) -> TensorData {
    let mut targets = vec![(smoothing / classes as f64) as f32; labels.len() * classes];
    for (row, label) in labels.iter().enumerate() {
        targets[row * classes + *label as usize] += 1.0 - smoothing as f32;
    }
    TensorData::new(targets, [labels.len(), classes])
}

/// Mean cross-entropy of scores and targets `[n, classes]`.
fn cross_entropy(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let [count, _] = scores.dims();
    -(log_softmax(scores, 1) * targets).sum() / count as f64
}
