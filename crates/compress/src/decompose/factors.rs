//! Chains of factors in place of a layer.

use super::Ranks;
use crate::factor::{Kernel, Tucker, svd};
use crate::tree::{Layer, branches, with_branches};
use automl_arch::{Activation, Convolution, Op};
use nalgebra::DMatrix;

/// 1x1 convolution without normalization and activation.
fn plain(inputs: usize, outputs: usize) -> Convolution {
    Convolution {
        inputs,
        outputs,
        kernel: 1,
        stride: 1,
        padding: (0, 0),
        groups: 1,
        norm: false,
        activation: Activation::Identity,
        dilation: 1,
        layer_scale: false,
    }
}

/// The last factor of a convolution, with its normalization, layer scale and activation.
fn ending(conv: &Convolution, rank: usize) -> Convolution {
    let Convolution { norm, activation, layer_scale, outputs, .. } = *conv;
    Convolution { norm, activation, layer_scale, ..plain(rank, outputs) }
}

/// Operations of the factors, in order.
pub(super) fn split(node: &Op, ranks: Ranks) -> Vec<Op> {
    match (node, ranks) {
        (Op::Convolution(conv), Ranks::Matrix(rank)) => {
            let Convolution { inputs, stride, padding, .. } = *conv;
            let first = Convolution { stride, padding, ..plain(inputs, rank) };
            let last = ending(conv, rank);
            vec![Op::Convolution(first), Op::Convolution(last)]
        }
        (Op::Linear { inputs, outputs, activation }, Ranks::Matrix(rank)) => {
            let identity = Activation::Identity;
            vec![
                Op::Linear { inputs: *inputs, outputs: rank, activation: identity },
                Op::Linear { inputs: rank, outputs: *outputs, activation: *activation },
            ]
        }
        (Op::Convolution(conv), Ranks::Tucker { outputs, inputs }) => {
            let mut core = conv.clone();
            let mut chain = Vec::new();
            if let Some(rank) = inputs {
                chain.push(Op::Convolution(plain(conv.inputs, rank)));
                core.inputs = rank;
            }
            let Some(rank) = outputs else {
                chain.push(Op::Convolution(core));
                return chain;
            };
            core.outputs = rank;
            (core.norm, core.layer_scale) = (false, false);
            core.activation = Activation::Identity;
            chain.extend([Op::Convolution(core), Op::Convolution(ending(conv, rank))]);
            chain
        }
        (other, _) => vec![other.clone()],
    }
}

/// Operations with those of the factors in place of nodes that have ranks.
pub(super) fn replaced(nodes: &[Op], ranks: &[Option<Ranks>], index: &mut usize) -> Vec<Op> {
    let mut all = Vec::new();
    for node in nodes {
        let own = *index;
        *index += 1;
        let inner = branches(node).map(|branch| replaced(branch, ranks, index));
        match ranks.get(own).copied().flatten() {
            Some(ranks) => all.extend(split(node, ranks)),
            None => all.push(with_branches(node, inner)),
        }
    }
    all
}

/// Layers with the factors in place of those that have ranks.
pub(super) fn factored(
    layers: Vec<Layer>,
    ranks: &[Option<Ranks>],
    index: &mut usize,
) -> Vec<Layer> {
    let mut all = Vec::new();
    for mut layer in layers {
        let own = *index;
        *index += 1;
        layer.branches = layer.branches.map(|branch| factored(branch, ranks, index));
        match ranks.get(own).copied().flatten() {
            Some(ranks) => all.extend(factors(layer, ranks)),
            None => all.push(layer),
        }
    }
    all
}

/// The factors of a layer with their weights.
fn factors(layer: Layer, ranks: Ranks) -> Vec<Layer> {
    let Some(weight) = layer.tensors.get("weight") else { return vec![layer] };
    let kernel = Kernel::of(weight);
    // Weights as the layer keeps them, the slowest axis first.
    let flat = |matrix: &DMatrix<f64>| -> Vec<f32> {
        matrix.transpose().iter().map(|x| *x as f32).collect()
    };
    let mut weights: Vec<Vec<f32>> = Vec::new();
    let ranks = match ranks {
        Ranks::Matrix(rank) => {
            let (a, b) = svd(&kernel.by_outputs(), rank);
            weights.extend([flat(&b), flat(&a)]);
            Ranks::Matrix(a.ncols())
        }
        Ranks::Tucker { outputs, inputs } => {
            let tucker = Tucker::new(&kernel, outputs, inputs);
            weights.extend(tucker.inputs.as_ref().map(|v| flat(&v.transpose())));
            weights.push(tucker.core.values.iter().map(|x| *x as f32).collect());
            weights.extend(tucker.outputs.as_ref().map(flat));
            let width = |factor: &Option<DMatrix<f64>>| factor.as_ref().map(DMatrix::ncols);
            Ranks::Tucker { outputs: width(&tucker.outputs), inputs: width(&tucker.inputs) }
        }
    };
    let nodes = split(&layer.node, ranks);
    let last = nodes.len() - 1;
    let single = |(index, (node, values)): (usize, (Op, Vec<f32>))| {
        let (shape, outputs) = match &node {
            Op::Convolution(conv) => (conv.weight_shape().to_vec(), conv.outputs),
            Op::Linear { inputs, outputs, .. } => (vec![*outputs, *inputs], *outputs),
            _ => (Vec::new(), 0),
        };
        let mut factor = Layer::new(node).with("weight", &shape, values);
        if index == last {
            let rest = layer.tensors.iter().filter(|(name, _)| *name != "weight");
            factor.tensors.extend(rest.map(|(name, tensor)| (name.clone(), tensor.clone())));
        } else {
            factor = factor.with("bias", &[outputs], vec![0.0; outputs]);
        }
        factor
    };
    nodes.into_iter().zip(weights).enumerate().map(single).collect()
}
