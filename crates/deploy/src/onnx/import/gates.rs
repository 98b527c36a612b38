//! Products: activations of several nodes, attention to channels, and of two branches.

use super::attributes::fail;
use super::error::ImportError;
use super::piece::Piece;
use super::reader::Reader;
use super::values::{GeluPart, Item};
use crate::onnx::proto::Node;
use automl_arch::{Activation, Convolution, Gate, Op};

/// A dense layer of vectors: outputs, weights `[outputs, inputs]` and biases.
struct Dense<'a> {
    outputs: usize,
    weight: &'a [f32],
    bias: &'a [f32],
    input: usize,
}

impl Reader {
    /// A product of two values.
    pub(super) fn product(&mut self, node: &Node, a: usize, b: usize) -> Result<(), ImportError> {
        for (x, gate) in [(a, b), (b, a)] {
            if self.is_gelu_sum(gate, x) {
                self.push(node, vec![x], self.shape(x), Item::Gelu(GeluPart::Product));
                return Ok(());
            }
            let piece = self.self_gated(x, gate).or_else(|| self.attention(x, gate));
            if let Some(piece) = piece {
                self.push_piece(node, x, self.shape(x), piece);
                return Ok(());
            }
        }
        if self.shape(a) != self.shape(b) {
            let reason = "its values differ in shape and are no channel attention that is known";
            return Err(fail(node, reason));
        }
        self.push(node, vec![a, b], self.shape(a), Item::Multiply);
        Ok(())
    }

    /// x sigmoid(x) and x hard-sigmoid(x).
    fn self_gated(&self, x: usize, gate: usize) -> Option<Piece> {
        let (kind, input) = self.gate(gate)?;
        match kind {
            _ if input != x => None,
            Gate::Sigmoid => Some(Piece::activation(Activation::Silu)),
            Gate::HardSigmoid => Some(Piece::activation(Activation::HardSwish)),
            Gate::Clamp => None,
        }
    }

    /// Squeeze-and-excitation, or a convolution along the channels.
    fn attention(&self, x: usize, gate: usize) -> Option<Piece> {
        let (kind, below) = self.gate(gate)?;
        let channels = self.shape(x).channels;
        if self.shape(gate).side != 1 || self.shape(gate).channels != channels {
            return None;
        }
        if let Item::Along(weight) = &self.values[below].item {
            let mean = self.values[below].inputs[0];
            let kernel = weight.len();
            let known = kind == Gate::Sigmoid && self.is_mean(mean, x);
            let weight = ("weight", vec![1, 1, kernel], weight.clone());
            return known.then(|| Piece::Leaf(Op::ChannelAttention { kernel }, vec![weight]));
        }
        let expand = self.dense(below)?;
        let (activation, between) = match &self.values[expand.input].item {
            Item::Piece(Piece::Leaf(Op::Activation(activation), _)) => {
                (*activation, self.values[expand.input].inputs[0])
            }
            _ => (Activation::Identity, expand.input),
        };
        let reduce = self.dense(between)?;
        if !self.is_mean(reduce.input, x) {
            return None;
        }
        let squeeze = reduce.outputs;
        let op = Op::SqueezeExcite { channels, squeeze, activation, gate: kind };
        let tensors = vec![
            ("reduce", vec![squeeze, channels], reduce.weight.to_vec()),
            ("reduce_bias", vec![squeeze], reduce.bias.to_vec()),
            ("expand", vec![channels, squeeze], expand.weight.to_vec()),
            ("expand_bias", vec![channels], expand.bias.to_vec()),
        ];
        Some(Piece::Leaf(op, tensors))
    }

    /// The function of a gate, and the value below it.
    fn gate(&self, value: usize) -> Option<(Gate, usize)> {
        let input = *self.values[value].inputs.first()?;
        let gate = match &self.values[value].item {
            Item::Gate(gate) => *gate,
            Item::Piece(Piece::Leaf(Op::Activation(Activation::Sigmoid), _)) => Gate::Sigmoid,
            Item::Piece(Piece::Leaf(Op::Activation(Activation::HardSigmoid), _)) => {
                Gate::HardSigmoid
            }
            _ => return None,
        };
        Some((gate, input))
    }

    /// Whether a value is the mean of all positions of another; of maps of side 1, the maps.
    fn is_mean(&self, mean: usize, x: usize) -> bool {
        let value = &self.values[mean];
        let pooled = matches!(value.item, Item::Piece(Piece::Leaf(Op::GlobalAvgPool, _)));
        pooled && value.inputs[0] == x || mean == x && value.shape.side == 1
    }

    /// The layer that computes a vector: a matrix product, or a 1x1 convolution on side 1.
    fn dense(&self, value: usize) -> Option<Dense<'_>> {
        let Item::Piece(Piece::Leaf(op, tensors)) = &self.values[value].item else { return None };
        let outputs = match op {
            Op::Linear { outputs, activation: Activation::Identity, .. } => *outputs,
            Op::Convolution(Convolution {
                outputs,
                kernel: 1,
                groups: 1,
                norm: false,
                activation: Activation::Identity,
                ..
            }) if self.values[value].shape.side == 1 => *outputs,
            _ => return None,
        };
        let [(_, _, weight), (_, _, bias)] = &tensors[..] else { return None };
        Some(Dense { outputs, weight, bias, input: self.values[value].inputs[0] })
    }
}
