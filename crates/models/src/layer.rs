//! Layers of a network and chains of them.

use crate::attention::{ChannelAttention, SqueezeExcite};
use crate::channels::Channels;
use crate::convolution::ConvolutionLayer;
use crate::init::Init;
use crate::linear::LinearLayer;
use crate::noise::Noise;
use crate::nonlinearity::Nonlinearity;
use crate::pool::{GlobalPool, Pool};
use automl_arch::Op;
use burn::module::Module;
use burn::tensor::Tensor;

/// Layer of a network: a primitive operation with its weights.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly every layer is a convolution, the largest")]
pub(crate) enum NetworkLayer {
    /// Convolution, normalization, activation.
    Convolution(ConvolutionLayer),
    /// Matrix product, bias, activation.
    Linear(LinearLayer),
    /// Maxima or means over windows.
    Pool(Pool),
    /// Mean over positions.
    GlobalAvgPool(GlobalPool),
    /// Activation without a convolution.
    Activation(Nonlinearity),
    /// Squeeze-and-excitation.
    SqueezeExcite(SqueezeExcite),
    /// Efficient channel attention.
    ChannelAttention(ChannelAttention),
    /// Some of the channels.
    Channels(Channels),
    /// Sum of two branches.
    Sum(Sum),
    /// Concatenation of two branches.
    Concat(Concat),
    /// Product of two branches.
    Product(Product),
}

/// Sum of two branches; an empty branch is the identity.
#[derive(Module, Debug)]
pub(crate) struct Sum {
    pub(crate) body: Vec<NetworkLayer>,
    pub(crate) shortcut: Vec<NetworkLayer>,
}

impl Sum {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        run(&self.body, x.clone()) + run(&self.shortcut, x)
    }
}

/// Concatenation of two branches along the channels; an empty branch is the identity.
#[derive(Module, Debug)]
pub(crate) struct Concat {
    pub(crate) first: Vec<NetworkLayer>,
    pub(crate) second: Vec<NetworkLayer>,
}

impl Concat {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        Tensor::cat(vec![run(&self.first, x.clone()), run(&self.second, x)], 1)
    }
}

/// Product of two branches, number by number; an empty branch is the identity.
#[derive(Module, Debug)]
pub(crate) struct Product {
    pub(crate) first: Vec<NetworkLayer>,
    pub(crate) second: Vec<NetworkLayer>,
}

impl Product {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        run(&self.first, x.clone()) * run(&self.second, x)
    }
}

/// Freshly initialized layers of a chain of primitive operations.
pub(crate) fn build(nodes: &[Op], init: &mut Init<'_>) -> Vec<NetworkLayer> {
    nodes
        .iter()
        .map(|node| match node {
            Op::Convolution(conv) => NetworkLayer::Convolution(ConvolutionLayer::new(conv, init)),
            Op::Linear { inputs, outputs, activation } => {
                NetworkLayer::Linear(LinearLayer::new(*inputs, *outputs, *activation, init))
            }
            Op::Pool { kind, kernel, stride, padding } => {
                NetworkLayer::Pool(Pool::new(*kind, *kernel, *stride, *padding))
            }
            Op::GlobalAvgPool => NetworkLayer::GlobalAvgPool(GlobalPool::new()),
            Op::Activation(activation) => NetworkLayer::Activation(Nonlinearity::new(*activation)),
            Op::SqueezeExcite { channels, squeeze, activation, gate } => {
                NetworkLayer::SqueezeExcite(SqueezeExcite::new(
                    *channels,
                    *squeeze,
                    *activation,
                    *gate,
                    init,
                ))
            }
            Op::ChannelAttention { kernel } => {
                NetworkLayer::ChannelAttention(ChannelAttention::new(*kernel, init))
            }
            Op::Channels { first, count } => NetworkLayer::Channels(Channels::new(*first, *count)),
            Op::Sum { body, shortcut } => {
                NetworkLayer::Sum(Sum { body: build(body, init), shortcut: build(shortcut, init) })
            }
            Op::Concat { first, second } => NetworkLayer::Concat(Concat {
                first: build(first, init),
                second: build(second, init),
            }),
            Op::Product { first, second } => NetworkLayer::Product(Product {
                first: build(first, init),
                second: build(second, init),
            }),
        })
        .collect()
}

/// Output of a chain of layers by burn's operations.
pub(crate) fn run(layers: &[NetworkLayer], input: Tensor<4>) -> Tensor<4> {
    layers.iter().fold(input, |x, layer| match layer {
        NetworkLayer::Convolution(layer) => layer.forward(x),
        NetworkLayer::Linear(layer) => layer.forward(x),
        NetworkLayer::Pool(layer) => layer.forward(x),
        NetworkLayer::GlobalAvgPool(layer) => layer.forward(x),
        NetworkLayer::Activation(layer) => layer.forward(x),
        NetworkLayer::SqueezeExcite(layer) => layer.forward(x),
        NetworkLayer::ChannelAttention(layer) => layer.forward(x),
        NetworkLayer::Channels(layer) => layer.forward(x),
        NetworkLayer::Sum(layer) => layer.forward(x),
        NetworkLayer::Concat(layer) => layer.forward(x),
        NetworkLayer::Product(layer) => layer.forward(x),
    })
}

/// Output of a chain of layers by burn's operations, under the noise of a training step.
pub(crate) fn run_with(layers: &[NetworkLayer], input: Tensor<4>, noise: &Noise) -> Tensor<4> {
    layers.iter().enumerate().fold(input, |x, (index, layer)| {
        let factors = noise.of(index).map(|factors| factors.tensor(&x.device()));
        match (layer, factors) {
            (NetworkLayer::Sum(Sum { body, shortcut }), Some(factors)) => {
                run(body, x.clone()) * factors + run(shortcut, x)
            }
            (NetworkLayer::Linear(layer), Some(factors)) => {
                let flat: Tensor<2> = x.flatten(1, 3);
                let [batch, features] = flat.dims();
                layer.forward(flat.reshape([batch, features, 1, 1]) * factors)
            }
            (layer, _) => run(std::slice::from_ref(layer), x),
        }
    })
}

/// Sets the momentum of the running statistics of every normalization in a chain.
pub(crate) fn set_norm_momentum(layers: &mut [NetworkLayer], momentum: f64) {
    for layer in layers {
        match layer {
            NetworkLayer::Convolution(layer) => layer.set_norm_momentum(momentum),
            NetworkLayer::Sum(Sum { body, shortcut }) => {
                set_norm_momentum(body, momentum);
                set_norm_momentum(shortcut, momentum);
            }
            NetworkLayer::Concat(Concat { first, second })
            | NetworkLayer::Product(Product { first, second }) => {
                set_norm_momentum(first, momentum);
                set_norm_momentum(second, momentum);
            }
            _ => {}
        }
    }
}
