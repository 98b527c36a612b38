//! Weights of channels.

use crate::init::Init;
use crate::linear::product;
use crate::nonlinearity::{activate, gate};
use crate::pool::global_mean;
use automl_arch::{Activation, Gate};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// Squeeze-and-excitation: x times gate(W2 activation(W1 mean(x) + b1) + b2).
#[derive(Module, Debug)]
pub(crate) struct SqueezeExcite {
    pub(super) reduce: Param<Tensor<2>>,
    pub(super) reduce_bias: Param<Tensor<1>>,
    pub(super) expand: Param<Tensor<2>>,
    pub(super) expand_bias: Param<Tensor<1>>,
    #[module(skip)]
    pub(super) activation: Activation,
    #[module(skip)]
    pub(super) gate: Gate,
}

impl SqueezeExcite {
    pub(crate) fn new(
        channels: usize,
        squeeze: usize,
        activation: Activation,
        gate: Gate,
        init: &mut Init<'_>,
    ) -> Self {
        Self {
            reduce: init.normal([squeeze, channels], (2.0 / squeeze as f64).sqrt()),
            reduce_bias: init.zeros(squeeze),
            expand: init.normal([channels, squeeze], (2.0 / channels as f64).sqrt()),
            expand_bias: init.zeros(channels),
            activation,
            gate,
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, _, _] = x.dims();
        let mean = global_mean(x.clone()).reshape([batch, channels]);
        let inner = product(mean, self.reduce.val(), Some(self.reduce_bias.val()));
        let inner = activate(self.activation, inner);
        let weights = product(inner, self.expand.val(), Some(self.expand_bias.val()));
        x * gate(self.gate, weights).reshape([batch, channels, 1, 1])
    }
}

/// Efficient channel attention: x times sigmoid(a convolution of the means along the channels).
#[derive(Module, Debug)]
pub(crate) struct ChannelAttention {
    pub(super) weight: Param<Tensor<3>>,
}

impl ChannelAttention {
    pub(crate) fn new(kernel: usize, init: &mut Init<'_>) -> Self {
        Self { weight: init.normal([1, 1, kernel], (2.0 / kernel as f64).sqrt()) }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, _, _] = x.dims();
        let [_, _, kernel] = self.weight.dims();
        let mean = global_mean(x.clone()).reshape([batch, channels]);
        // As a sum of shifted products: the framework's one-dimensional convolution has wrong
        // gradients through wgpu (tests/wgpu.rs).
        let rim = Tensor::zeros([batch, (kernel - 1) / 2], &mean.device());
        let padded = Tensor::cat(vec![rim.clone(), mean, rim], 1);
        let weight = self.weight.val().reshape([1, kernel]);
        let shifted = |k| padded.clone().narrow(1, k, channels) * weight.clone().narrow(1, k, 1);
        let sum = (1..kernel).fold(shifted(0), |sum, k| sum + shifted(k));
        x * sigmoid(sum).reshape([batch, channels, 1, 1])
    }
}
