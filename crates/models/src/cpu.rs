//! Hand-written forward and backward passes for the CPU.
//!
//! burn's general operations copy and pass through memory many times; on a CPU that is most of a
//! training step. Here feature maps have their channels fastest (NHWC), convolutions read pixels
//! where they lie, normalization and activation happen while values are in the cache, and memory
//! is used again. Gradients equal those of burn's automatic derivative up to rounding and reach
//! burn's optimizers in burn's own form. Results depend on the values alone: the timing of threads
//! changes no bit.

mod activation;
mod attention;
mod branches;
mod buffer;
mod channels;
mod convolution;
mod dense;
mod depthwise;
mod gradient;
mod linear;
mod maps;
mod mode;
mod nonlinearity;
mod norm;
mod parallel;
mod pool;
mod product;
mod tape;
mod tensor;
#[cfg(test)]
mod tests;
mod window;

use crate::layer::NetworkLayer;
use crate::noise::Noise;
use burn::tensor::{DType, Device, Gradients, Tensor};
use gradient::Gradient;
use maps::Maps;
use mode::Mode;
use std::sync::Arc;
use tape::TapeEntry;

/// Whether these passes apply to `images`: 32-bit floats on the CPU.
pub(crate) fn supports(images: &Tensor<4>) -> bool {
    images.dtype() == DType::F32 && images.device().inner() == Device::flex()
}

/// Class scores `[batch, classes]` by the running statistics of normalization.
pub(crate) fn evaluate(layers: &[NetworkLayer], images: Tensor<4>) -> Tensor<2> {
    let device = images.device();
    without_tape(layers, images, Mode::Evaluate, &device)
}

/// Class scores `[batch, classes]` by the batch's statistics, which update the running ones.
pub(crate) fn observe(layers: &[NetworkLayer], images: Tensor<4>) -> Tensor<2> {
    let device = images.device().inner();
    without_tape(layers, images, Mode::Observe, &device)
}

fn without_tape(
    layers: &[NetworkLayer],
    images: Tensor<4>,
    mode: Mode,
    device: &Device,
) -> Tensor<2> {
    buffer::age();
    let output = tape::forward(layers, &tensor::input(images), mode, &mut Vec::new());
    tensor::scores(&output, device)
}

/// A forward pass in training mode with its tape, before its backward pass.
pub(crate) struct Pass<'a> {
    layers: &'a [NetworkLayer],
    tape: Vec<TapeEntry>,
    output: Arc<Maps>,
}

impl<'a> Pass<'a> {
    /// Forward pass under the noise of a training step.
    pub(crate) fn forward(layers: &'a [NetworkLayer], images: Tensor<4>, noise: &Noise) -> Self {
        buffer::age();
        let mut tape = Vec::new();
        let input = tensor::input(images);
        let output = tape::forward_with(layers, &input, Mode::Train, noise, &mut tape);
        Self { layers, tape, output }
    }

    /// Class scores `[batch, classes]`, unknown to burn's automatic derivative.
    pub(crate) fn scores(&self, device: &Device) -> Tensor<2> {
        tensor::scores(&self.output, device)
    }

    /// Backward pass from the gradient at the scores: adds every parameter's gradient to
    /// `gradients`.
    pub(crate) fn backward(self, scores: Tensor<2>, gradients: &mut Gradients) {
        let values = tensor::pixels(self.output.shape, &tensor::numbers(scores));
        tape::backward(self.layers, self.tape, Gradient::plain(values), None, gradients);
    }
}
