//! Matrix products with bias.

use super::buffer::Buffer;
use super::convolution::{After, Convolved, Found, convolve};
use super::gradient::Gradient;
use super::maps::{Maps, Shape};
use super::mode::Mode;
use super::tensor::{numbers, pixels, planes, set_gradient};
use crate::linear::LinearLayer;
use crate::noise::Factors;
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
        dilation: 1,
        layer_scale: false,
    };
    convolve(&spec, weights, After::Bias(bias), input, mode)
}

/// Tape entry of a matrix product.
#[derive(Debug)]
pub(super) struct Product {
    input: Arc<Maps>,
    /// Factors of the inputs.
    factors: Option<Arc<Factors>>,
    convolved: Convolved,
}

impl LinearLayer {
    pub(super) fn multiply(
        &self,
        input: &Arc<Maps>,
        factors: Option<&Arc<Factors>>,
        mode: Mode,
    ) -> Product {
        let mut flat = if input.shape.positions() == 1 {
            Arc::clone(input)
        } else {
            let Shape { batch, .. } = input.shape;
            let shape = Shape { batch, height: 1, width: 1, channels: input.shape.image() };
            let values = planes(input.shape, &input.all());
            Arc::new(Maps { constant: input.constant, ..Maps::plain(shape, values) })
        };
        if let Some(factors) = factors {
            let mut values = Buffer::copy(&flat.all());
            factors.scale(&mut values);
            let constant = input.constant;
            flat = Arc::new(Maps { constant, ..Maps::plain(flat.shape, values) });
        }
        let (weights, bias) = (numbers(self.weight.val()), numbers(self.bias.val()));
        let convolved = product(&weights, bias, self.activation, &flat, mode);
        Product { input: Arc::clone(input), factors: factors.cloned(), convolved }
    }

    /// Records the gradients of both parameters.
    pub(super) fn set_gradients(&self, found: Found, gradients: &mut Gradients) {
        set_gradient(&self.weight, found.weight, gradients);
        set_gradient(&self.bias, found.bias, gradients);
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
        if shape.positions() == 1 && self.factors.is_none() {
            return self.convolved.backward(gradient, more);
        }
        let (found, gradient) = self.convolved.backward(gradient, None);
        let gradient = gradient.map(|gradient| {
            let mut flat = Buffer::copy(&gradient.values);
            if let Some(factors) = &self.factors {
                factors.scale(&mut flat);
            }
            let mut values = pixels(shape, &flat);
            if let Some(more) = more {
                values.iter_mut().zip(more.iter()).for_each(|(value, more)| *value += more);
            }
            Gradient::plain(values)
        });
        (found, gradient)
    }
}
