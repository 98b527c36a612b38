//! Matrix products with bias.

use super::buffer::Buffer;
use super::convolution::{After, Convolved, Found, convolve};
use super::maps::{Maps, Shape};
use super::{Gradient, Mode, numbers};
use crate::network::linear::LinearLayer;
use automl_arch::{Activation, Convolution};
use burn::tensor::Gradients;
use std::sync::Arc;

/// `activation(x W^T + b)` of vectors, which is a convolution of maps of one pixel.
pub(super) fn product(
    weights: &[f32],
    bias: Vec<f32>,
    activation: Activation,
    input: &Arc<Maps>,
    mode: Mode,
) -> Convolved {
    let spec = Convolution {
        inputs: input.shape.channels,
        outputs: bias.len(),
        kernel: 1,
        stride: 1,
        padding: (0, 0),
        groups: 1,
        norm: false,
        activation,
    };
    convolve(&spec, weights, After::Bias(bias), input, mode)
}

/// What the backward pass needs.
#[derive(Debug)]
pub(super) struct Product {
    input: Arc<Maps>,
    convolved: Convolved,
}

impl LinearLayer {
    pub(super) fn multiply(&self, input: &Arc<Maps>, mode: Mode) -> Product {
        let flat = if input.shape.positions() == 1 {
            Arc::clone(input)
        } else {
            let Shape { batch, .. } = input.shape;
            let shape = Shape { batch, height: 1, width: 1, channels: input.shape.image() };
            let values = planes(input.shape, &input.all());
            Arc::new(Maps { constant: input.constant, ..Maps::plain(shape, values) })
        };
        let (weights, bias) = (numbers(self.weight.val()), numbers(self.bias.val()));
        let convolved = product(&weights, bias, self.activation, &flat, mode);
        Product { input: Arc::clone(input), convolved }
    }

    pub(super) fn put(&self, found: Found, gradients: &mut Gradients) {
        super::put(&self.weight, found.weight, gradients);
        super::put(&self.bias, found.bias, gradients);
    }
}

impl Product {
    pub(super) fn output(&self) -> Arc<Maps> {
        self.convolved.output()
    }

    pub(super) fn backward(
        self,
        gradient: Gradient,
        more: Option<Arc<Buffer>>,
    ) -> (Found, Option<Gradient>) {
        let shape = self.input.shape;
        if shape.positions() == 1 {
            return self.convolved.backward(gradient, more);
        }
        let (found, gradient) = self.convolved.backward(gradient, None);
        let gradient = gradient.map(|gradient| {
            let mut values = pixels(shape, &gradient.values);
            if let Some(more) = more {
                values.iter_mut().zip(more.iter()).for_each(|(value, more)| *value += more);
            }
            Gradient { values: Arc::new(values), sums: None }
        });
        (found, gradient)
    }
}

/// Channels fastest to channels slowest.
pub(super) fn planes(shape: Shape, values: &[f32]) -> Buffer {
    let (positions, channels) = (shape.positions(), shape.channels);
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

/// Channels slowest to channels fastest.
pub(super) fn pixels(shape: Shape, values: &[f32]) -> Buffer {
    let (positions, channels) = (shape.positions(), shape.channels);
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
