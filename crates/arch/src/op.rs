//! Primitive operations, the nodes of a graph.

use crate::activation::Activation;
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// One primitive operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    /// A convolution with its normalization or bias, and its activation.
    Convolution(Convolution),
    /// Matrix product with bias; maps are flattened first.
    Linear {
        /// Numbers in.
        inputs: usize,
        /// Numbers out.
        outputs: usize,
        /// The nonlinearity.
        activation: Activation,
    },
    /// Maxima or means of windows.
    Pool {
        /// Maximum or mean.
        kind: Pooling,
        /// Side of the window.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Border on every side.
        padding: usize,
    },
    /// Mean over all positions.
    GlobalAvgPool,
    /// A nonlinearity on its own.
    Activation(Activation),
    /// Channel weights from pooled maps (Hu et al. 2018): two linear layers with biases.
    SqueezeExcite {
        /// Channels in and out.
        channels: usize,
        /// Channels between the two layers.
        squeeze: usize,
        /// The nonlinearity between.
        activation: Activation,
        /// Function from the outputs of the second layer to weights.
        gate: Gate,
    },
    /// Efficient channel attention (Wang et al. 2020): channel weights from a convolution along
    /// the channels, through a sigmoid.
    ChannelAttention {
        /// Length of the kernel.
        kernel: usize,
    },
    /// Some of the channels, in a row.
    Channels {
        /// The first of them.
        first: usize,
        /// Their number.
        count: usize,
    },
    /// The sum of two branches.
    Sum {
        /// The main branch.
        body: Vec<Op>,
        /// The other; empty for the input itself.
        shortcut: Vec<Op>,
    },
    /// The channels of two branches, one after the other.
    Concat {
        /// The first branch; empty for the input itself.
        first: Vec<Op>,
        /// The second branch; empty for the input itself.
        second: Vec<Op>,
    },
    /// The product of two branches, number by number.
    Product {
        /// The first branch; empty for the input itself.
        first: Vec<Op>,
        /// The second branch; empty for the input itself.
        second: Vec<Op>,
    },
}

/// A convolution with square kernels, batch normalization and activation.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Convolution};
///
/// let conv = Convolution {
///     inputs: 16,
///     outputs: 32,
///     kernel: 3,
///     stride: 2,
///     padding: (1, 1),
///     groups: 4,
///     norm: true,
///     activation: Activation::Relu,
///     dilation: 1,
///     layer_scale: false,
/// };
/// assert!(conv.output_side(28.into()) == 14);
/// assert_eq!(conv.weight_shape(), [32, 4, 3, 3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Convolution {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Zeros before and after, in both directions.
    pub padding: (usize, usize),
    /// Groups.
    pub groups: usize,
    /// Whether outputs are normalized over the batch; if not, there is a bias.
    pub norm: bool,
    /// The nonlinearity.
    pub activation: Activation,
    /// Distance of neighboring taps in pixels; above 1 for depthwise convolutions only.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub dilation: usize,
    /// Whether normalized outputs are multiplied by a learned factor per channel, of .1 at first, before
    /// the nonlinearity (Touvron et al. 2021, "Going deeper with Image Transformers", equation 2). It is
    /// a part of the normalization where the network is deployed, and counts with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub layer_scale: bool,
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands on references")]
fn is_one(number: &usize) -> bool {
    *number == 1
}

/// Kinds of pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pooling {
    /// The largest value.
    Max,
    /// The mean; zeros of the border count.
    Average,
}

/// Functions from numbers to channel weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// min(max(0, x + 3), 6) / 6
    HardSigmoid,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// min(max(0, x), 1)
    Clamp,
}

impl Convolution {
    /// Side of the window, dilation (kernel - 1) + 1.
    pub fn span(&self) -> usize {
        self.dilation * self.kernel.saturating_sub(1) + 1
    }

    /// Whether every output channel reads one input channel of its own.
    pub fn is_depthwise(&self) -> bool {
        self.groups == self.inputs && self.groups == self.outputs
    }

    /// Height and width of the output maps, each ⌊(side + padding - span) / stride⌋ + 1.
    pub fn output_side(&self, side: Extent) -> Extent {
        output_side(side, self.span(), self.stride, self.padding.0 + self.padding.1)
    }

    /// The shape of the weights: outputs, inputs per group, kernel, kernel.
    pub fn weight_shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs / self.groups, self.kernel, self.kernel]
    }
}

/// Height and width of the output maps of a sliding window; `padding` is the sum of both ends.
pub(crate) fn output_side(side: Extent, kernel: usize, stride: usize, padding: usize) -> Extent {
    side.map(|side| (side + padding).saturating_sub(kernel) / stride + 1)
}
