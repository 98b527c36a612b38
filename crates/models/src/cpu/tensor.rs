//! Values between burn's tensors, channels slowest, and the feature maps of the kernels.

use super::buffer::Buffer;
use super::maps::{Maps, Shape};
use burn::module::Param;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::sync::Arc;

/// Feature maps of images `[batch, channels, height, width]`, which need no gradient.
pub(super) fn input(images: Tensor<4>) -> Arc<Maps> {
    let [batch, channels, height, width] = images.dims();
    let shape = Shape { batch, height, width, channels };
    let values = pixels(shape, &numbers(images));
    Arc::new(Maps { constant: true, ..Maps::plain(shape, values) })
}

/// Class scores `[batch, classes]` of the last feature maps.
pub(super) fn scores(output: &Maps, device: &Device) -> Tensor<2> {
    let values = planes(output.shape, &output.all());
    let shape = [output.shape.batch, output.shape.image()];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// Values of a tensor, last axis fastest.
pub(super) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().iter::<f32>().collect()
}

/// Records the gradient of a parameter where burn's optimizers look for it.
pub(super) fn set_gradient<const D: usize>(
    param: &Param<Tensor<D>>,
    values: Vec<f32>,
    gradients: &mut Gradients,
) {
    let tensor = param.val();
    if tensor.is_require_grad() {
        let gradient = TensorData::new(values, tensor.dims());
        tensor.grad_replace(gradients, Tensor::from_data(gradient, &tensor.device().inner()));
    }
}

/// Reorders `[batch, positions, channels]` to `[batch, channels, positions]`.
pub(super) fn planes(shape: Shape, values: &[f32]) -> Buffer {
    let (positions, channels) = (shape.positions(), shape.channels);
    if positions == 1 || channels == 1 {
        return Buffer::copy(values);
    }
    let mut out = Buffer::new(values.len());
    let images = out.chunks_exact_mut(shape.image()).zip(values.chunks_exact(shape.image()));
    for (out, image) in images {
        for (position, pixel) in image.chunks_exact(channels).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                out[channel * positions + position] = *value;
            }
        }
    }
    out
}

/// Reorders `[batch, channels, positions]` to `[batch, positions, channels]`.
pub(super) fn pixels(shape: Shape, values: &[f32]) -> Buffer {
    let (positions, channels) = (shape.positions(), shape.channels);
    if positions == 1 || channels == 1 {
        return Buffer::copy(values);
    }
    let mut out = Buffer::new(values.len());
    let images = out.chunks_exact_mut(shape.image()).zip(values.chunks_exact(shape.image()));
    for (out, image) in images {
        for (position, pixel) in out.chunks_exact_mut(channels).enumerate() {
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = image[channel * positions + position];
            }
        }
    }
    out
}
