//! What a network computes, operation by operation, with the shapes that decide how long it takes.

use automl_arch::{Activation, Graph, Op};
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// Kinds of operations; those of one kind cost the same for a multiply-accumulate, a number or a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// A convolution of all input channels, with its normalization.
    Convolution,
    /// Convolution with a kernel of one pixel.
    Pointwise,
    /// A convolution of single channels.
    Depthwise,
    /// A convolution of groups of channels.
    Grouped,
    /// A matrix product with a vector.
    Linear,
    /// Maxima or means of windows.
    Pool,
    /// Means over all positions.
    GlobalPool,
    /// A nonlinearity of comparisons and products.
    Activation,
    /// A nonlinearity with an exponential.
    Transcendental,
    /// Squeeze-and-excitation.
    SqueezeExcite,
    /// Efficient channel attention.
    ChannelAttention,
    /// The sum or the product of two branches.
    Sum,
    /// The channels of two branches in a row.
    Concat,
    /// Some of the channels.
    Channels,
}

/// One operation with its shape: the key of a [`LatencyTable`](super::LatencyTable).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// Kind of the operation.
    pub kind: OperationKind,
    /// Channels in.
    pub inputs: usize,
    /// Channels out; for squeeze-and-excitation those between its two layers.
    pub outputs: usize,
    /// Side of the kernel or window; taps further apart take as long.
    pub kernel: usize,
    /// Groups of a convolution.
    pub groups: usize,
    /// Height and width of the maps that go in.
    pub side: Extent,
    /// Height and width of the maps that come out.
    pub output_side: Extent,
}

impl Operation {
    /// An operation on every number of some maps.
    fn pointwise(kind: OperationKind, channels: usize, side: Extent) -> Self {
        let (kernel, groups) = (1, 1);
        Self { kind, inputs: channels, outputs: channels, kernel, groups, side, output_side: side }
    }

    /// Weights that are read.
    pub fn weights(&self) -> usize {
        let square = self.kernel * self.kernel;
        match self.kind {
            OperationKind::Convolution
            | OperationKind::Pointwise
            | OperationKind::Depthwise
            | OperationKind::Grouped => self.inputs / self.groups.max(1) * self.outputs * square,
            OperationKind::Linear => self.inputs * self.outputs,
            OperationKind::SqueezeExcite => 2 * self.inputs * self.outputs,
            OperationKind::ChannelAttention => self.kernel,
            _ => 0,
        }
    }

    /// Multiply-accumulates of one image; for pooling, the numbers of all windows.
    pub fn macs(&self) -> f64 {
        let positions = self.output_side.pixels() as f64;
        match self.kind {
            OperationKind::Pool => {
                self.outputs as f64 * (self.kernel * self.kernel) as f64 * positions
            }
            OperationKind::Linear | OperationKind::SqueezeExcite => self.weights() as f64,
            OperationKind::ChannelAttention => (self.kernel * self.inputs) as f64,
            _ => self.weights() as f64 * positions,
        }
    }

    /// Numbers of the maps that are read and written for one image.
    pub fn numbers(&self) -> usize {
        let read = self.inputs * self.side.pixels();
        let written = match self.kind {
            OperationKind::SqueezeExcite => read,
            _ => self.outputs * self.output_side.pixels(),
        };
        read + written
    }
}

/// The operations of a network as it is [deployed](Graph::folded), in order. A fused nonlinearity is an operation of its own.
pub fn operations(network: &Graph) -> Vec<Operation> {
    let mut walk = Walk { operations: Vec::new() };
    walk.chain(&network.folded().nodes, network.input_channels, network.input_side);
    walk.operations
}

struct Walk {
    operations: Vec<Operation>,
}

impl Walk {
    /// Walks over a chain and returns the channels and the height and width of what comes out.
    fn chain(&mut self, nodes: &[Op], channels: usize, side: Extent) -> (usize, Extent) {
        nodes
            .iter()
            .fold((channels, side), |(channels, side), node| self.node(node, channels, side))
    }

    fn node(&mut self, node: &Op, channels: usize, side: Extent) -> (usize, Extent) {
        match node {
            Op::Convolution(conv) => {
                let output_side = conv.output_side(side);
                let kind = match (conv.groups, conv.kernel) {
                    (1, 1) => OperationKind::Pointwise,
                    (1, _) => OperationKind::Convolution,
                    (groups, _) if groups == conv.inputs => OperationKind::Depthwise,
                    _ => OperationKind::Grouped,
                };
                self.operations.push(Operation {
                    kind,
                    inputs: conv.inputs,
                    outputs: conv.outputs,
                    kernel: conv.kernel,
                    groups: conv.groups,
                    side,
                    output_side,
                });
                self.activation(conv.activation, conv.outputs, output_side);
                (conv.outputs, output_side)
            }
            Op::Linear { inputs, outputs, activation } => {
                let one = Operation::pointwise(OperationKind::Linear, *inputs, 1.into());
                self.operations.push(Operation { outputs: *outputs, ..one });
                self.activation(*activation, *outputs, 1.into());
                (*outputs, 1.into())
            }
            Op::Pool { kernel, stride, padding, .. } => {
                let output_side =
                    side.map(|n| (n + 2 * padding).saturating_sub(*kernel) / stride + 1);
                let one = Operation::pointwise(OperationKind::Pool, channels, side);
                self.operations.push(Operation { kernel: *kernel, output_side, ..one });
                (channels, output_side)
            }
            Op::GlobalAvgPool => {
                let one = Operation::pointwise(OperationKind::GlobalPool, channels, side);
                self.operations.push(Operation { output_side: 1.into(), ..one });
                (channels, 1.into())
            }
            Op::Activation(activation) => {
                self.activation(*activation, channels, side);
                (channels, side)
            }
            Op::SqueezeExcite { squeeze, .. } => {
                let one = Operation::pointwise(OperationKind::SqueezeExcite, channels, side);
                self.operations.push(Operation { outputs: *squeeze, ..one });
                (channels, side)
            }
            Op::ChannelAttention { kernel } => {
                let one = Operation::pointwise(OperationKind::ChannelAttention, channels, side);
                self.operations.push(Operation { kernel: *kernel, ..one });
                (channels, side)
            }
            Op::Channels { count, .. } => {
                let one = Operation::pointwise(OperationKind::Channels, channels, side);
                self.operations.push(Operation { outputs: *count, ..one });
                (*count, side)
            }
            Op::Sum { body, shortcut } | Op::Product { first: body, second: shortcut } => {
                let (channels_out, side_out) = self.chain(body, channels, side);
                self.chain(shortcut, channels, side);
                self.push(OperationKind::Sum, channels_out, side_out);
                (channels_out, side_out)
            }
            Op::Concat { first, second } => {
                let (one, _) = self.chain(first, channels, side);
                let (other, side_out) = self.chain(second, channels, side);
                self.push(OperationKind::Concat, one + other, side_out);
                (one + other, side_out)
            }
        }
    }

    fn push(&mut self, kind: OperationKind, channels: usize, side: Extent) {
        self.operations.push(Operation::pointwise(kind, channels, side));
    }

    fn activation(&mut self, activation: Activation, channels: usize, side: Extent) {
        let kind = match activation {
            Activation::Identity => return,
            Activation::Silu | Activation::Sigmoid | Activation::Gelu | Activation::Tanh => {
                OperationKind::Transcendental
            }
            _ => OperationKind::Activation,
        };
        self.push(kind, channels, side);
    }
}
