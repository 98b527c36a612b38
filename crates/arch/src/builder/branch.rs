//! Branches of composed blocks.

use crate::activation::Activation;
use crate::op::{Convolution, Gate, Op};
use automl_extent::Extent;

/// A branch of one block with the shape of its output.
pub(crate) struct Branch {
    pub(crate) channels: usize,
    pub(crate) side: Extent,
    pub(crate) nodes: Vec<Op>,
}

impl Branch {
    /// An empty branch on the output of this one.
    pub(crate) fn fork(&self) -> Self {
        Self { channels: self.channels, side: self.side, nodes: Vec::new() }
    }

    /// Appends the concatenated channels of two branches that were forked here.
    pub(crate) fn concat(&mut self, first: Self, second: Self) {
        self.channels = first.channels + second.channels;
        self.side = first.side;
        self.nodes.push(Op::Concat { first: first.nodes, second: second.nodes });
    }

    /// Appends squeeze-and-excitation with `squeeze` channels between its two layers.
    pub(crate) fn squeeze_excite(&mut self, squeeze: usize, activation: Activation, gate: Gate) {
        self.nodes.push(Op::SqueezeExcite { channels: self.channels, squeeze, activation, gate });
    }

    /// Appends a nonlinearity.
    pub(crate) fn activate(&mut self, activation: Activation) {
        self.nodes.push(Op::Activation(activation));
    }

    /// Keeps some of the channels in a row.
    pub(crate) fn channels(&mut self, first: usize, count: usize) {
        self.channels = count;
        self.nodes.push(Op::Channels { first, count });
    }

    /// Appends the sum of two branches of one shape that were forked here.
    pub(crate) fn sum(&mut self, body: Self, shortcut: Self) {
        (self.channels, self.side) = (body.channels, body.side);
        self.nodes.push(Op::Sum { body: body.nodes, shortcut: shortcut.nodes });
    }

    /// Appends the product of two branches of one shape that were forked here.
    pub(crate) fn product(&mut self, first: Self, second: Self) {
        (self.channels, self.side) = (first.channels, first.side);
        self.nodes.push(Op::Product { first: first.nodes, second: second.nodes });
    }

    /// Appends efficient channel attention.
    pub(crate) fn channel_attention(&mut self, kernel: usize) {
        self.nodes.push(Op::ChannelAttention { kernel });
    }
}

/// A convolution with batch normalization and half of the kernel as padding.
pub(crate) fn spatial(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
    activation: Activation,
) -> Convolution {
    let padding = (kernel / 2, kernel / 2);
    Convolution {
        inputs,
        outputs,
        kernel,
        stride,
        padding,
        groups,
        norm: true,
        activation,
        dilation: 1,
        layer_scale: false,
    }
}

/// A 1x1 convolution with batch normalization.
pub(crate) fn pointwise(inputs: usize, outputs: usize, activation: Activation) -> Convolution {
    spatial(inputs, outputs, 1, 1, 1, activation)
}

/// A depthwise convolution with batch normalization.
pub(crate) fn depthwise(
    channels: usize,
    kernel: usize,
    stride: usize,
    activation: Activation,
) -> Convolution {
    spatial(channels, channels, kernel, stride, channels, activation)
}
