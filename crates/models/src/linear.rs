//! Matrix products.

use crate::init::Init;
use crate::nonlinearity::activate;
use automl_arch::Activation;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// `x W^T + b` and an activation; weights `[outputs, inputs]` as PyTorch keeps them.
#[derive(Module, Debug)]
pub(crate) struct LinearLayer {
    pub(super) weight: Param<Tensor<2>>,
    pub(super) bias: Param<Tensor<1>>,
    #[module(skip)]
    pub(super) activation: Activation,
}

impl LinearLayer {
    /// Layer with small initial scores, as a classifier needs.
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        init: &mut Init<'_>,
    ) -> Self {
        Self { weight: init.normal([outputs, inputs], 0.01), bias: init.zeros(outputs), activation }
    }

    /// Maps or vectors `[batch, c, h, w]` to vectors `[batch, outputs, 1, 1]`.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.activate(self.linear(x))
    }

    /// Product and bias, without activation.
    pub(super) fn linear(&self, x: Tensor<4>) -> Tensor<4> {
        let y = product(x.flatten(1, 3), self.weight.val(), Some(self.bias.val()));
        let [batch, outputs] = y.dims();
        y.reshape([batch, outputs, 1, 1])
    }

    pub(super) fn activate(&self, y: Tensor<4>) -> Tensor<4> {
        activate(self.activation, y)
    }
}

/// `x W^T + b`.
pub(crate) fn product(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let y = x.matmul(weight.transpose());
    match bias {
        Some(bias) => y + bias.unsqueeze(),
        None => y,
    }
}
