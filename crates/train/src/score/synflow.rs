//! Synaptic flow through the absolute values of the weights.

use super::ScoreBatch;
use crate::cpu;
use automl_arch::{Activation, Architecture, ArchitectureError, Graph, Op};
use automl_extent::Extent;
use automl_models::Network;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Gradients, Tensor};

/// Logarithm of the flow in a freshly initialized network.
pub(super) fn score(
    architecture: &Architecture,
    _: &ScoreBatch,
    seed: u64,
) -> Result<f64, ArchitectureError> {
    let device = cpu().autodiff();
    let network = linear(architecture.graph()?, seed, &device);
    let shape = (architecture.input_channels, architecture.input_side);
    Ok(synflow(network, shape, &device).ln())
}

/// A network without nonlinearities, normalization and attention.
fn linear(mut network: Graph, seed: u64, device: &Device) -> Network {
    network.nodes = linear_chain(network.nodes);
    Network::from_graph(&network, seed, device)
}

fn linear_chain(nodes: Vec<Op>) -> Vec<Op> {
    let linear = |node| match node {
        Op::Activation(_) | Op::SqueezeExcite { .. } | Op::ChannelAttention { .. } => None,
        Op::Convolution(mut conv) => {
            (conv.norm, conv.layer_scale) = (false, false);
            conv.activation = Activation::Identity;
            Some(Op::Convolution(conv))
        }
        Op::Linear { inputs, outputs, .. } => {
            Some(Op::Linear { inputs, outputs, activation: Activation::Identity })
        }
        Op::Sum { body, shortcut } => {
            Some(Op::Sum { body: linear_chain(body), shortcut: linear_chain(shortcut) })
        }
        Op::Concat { first, second } => {
            Some(Op::Concat { first: linear_chain(first), second: linear_chain(second) })
        }
        Op::Product { first, second } => {
            Some(Op::Product { first: linear_chain(first), second: linear_chain(second) })
        }
        other => Some(other),
    };
    nodes.into_iter().filter_map(linear).collect()
}

/// The sum over all weights of w dR/dw, with R the sum of the scores of an image of ones under the
/// absolute values of the weights. In 64-bit floats: R grows with the product of all layers' widths.
fn synflow(network: Network, shape: (usize, Extent), device: &Device) -> f64 {
    let network = network.map(&mut Absolute);
    let (channels, side) = shape;
    let ones =
        Tensor::<4>::ones([1, channels, side.height, side.width], device).cast(FloatDType::F64);
    let gradients = network.forward(ones).sum().backward();
    let mut flow = Flow { gradients: &gradients, sum: 0.0 };
    network.visit(&mut flow);
    flow.sum
}

struct Absolute;

impl ModuleMapper for Absolute {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weights| {
            let weights = weights.inner().cast(FloatDType::F64).abs();
            Tensor::from_inner(weights).require_grad()
        })
    }
}

struct Flow<'a> {
    gradients: &'a Gradients,
    sum: f64,
}

impl ModuleVisitor for Flow<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let products = (param.val().inner() * gradient).into_data();
            self.sum += products.iter::<f64>().sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Block, Layer, block};

    fn score(architecture: &Architecture, device: &Device) -> f64 {
        let network = linear(architecture.graph().unwrap(), 3, device);
        synflow(network, (architecture.input_channels, architecture.input_side), device)
    }

    fn near(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    }

    /// In a chain, every layer's weights carry the whole flow R, so the score is the number of
    /// layers times R; here R is the sum of a product of matrices.
    #[test]
    fn a_linear_chain_has_its_closed_form() {
        let device = cpu().autodiff();
        let layers = [
            Layer::once(Block::conv(8, 1, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(5)),
            Layer::once(Block::linear(3)),
        ];
        let architecture = Architecture::new(2, 4, layers);
        let tensors = linear(architecture.graph().unwrap(), 3, &device).tensors();
        let weights: Vec<_> = tensors.iter().filter(|tensor| tensor.shape.len() > 1).collect();
        assert_eq!(weights.len(), 3);
        let mut flow = vec![1.0; 2];
        for tensor in weights {
            let rows = tensor.values.chunks_exact(flow.len());
            let product = |row: &[f32]| {
                row.iter().zip(&flow).map(|(w, x)| f64::from(w.abs()) * x).sum::<f64>()
            };
            flow = rows.map(product).collect();
        }
        near(score(&architecture, &device), 3.0 * flow.iter().sum::<f64>());
    }

    /// The flow is homogeneous: weights times a multiply it by a to the number of layers.
    #[test]
    fn scaled_weights_scale_the_flow() {
        let device = cpu().autodiff();
        let layers = [
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(6)),
            Layer::once(Block::linear(3)),
        ];
        let architecture = Architecture::new(1, 4, layers);
        let network = Network::new(&architecture, 3, &device).unwrap();
        let mut tensors = network.tensors();
        tensors.iter_mut().flat_map(|tensor| &mut tensor.values).for_each(|w| *w *= -4.0);
        let scaled = Network::load(&architecture, tensors, &device).unwrap();
        let flow = |network| synflow(network, (1, 4.into()), &device);
        near(flow(scaled), 16.0 * flow(network));
    }

    /// A deep network of every kind of block has a finite score where 32 bits would overflow.
    #[test]
    fn deep_networks_have_finite_scores() {
        let device = cpu().autodiff();
        let block = Block::InvertedResidualV3(block::InvertedResidualV3 {
            kernel: 3,
            expansion: 3.0,
            channels: 16,
            squeeze_excite: true,
            hard_swish: true,
            stride: 1,
            eca: true,
        });
        let layers = [
            Layer::once(Block::conv(16, 3, 1, Activation::HardSwish)),
            Layer::new(40, block),
            Layer::once(Block::Fire(block::Fire { squeeze: 4, expand1: 8, expand3: 8 })),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(3)),
        ];
        let score = score(&Architecture::new(3, 8, layers), &device);
        assert!(score.is_finite() && score > f64::from(f32::MAX), "{score}");
    }
}
