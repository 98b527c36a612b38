//! Operations of steps, with their weights.

use crate::nonlinearity::Nonlinearity;
use automl_arch::Pooling;
use automl_extent::Extent;

/// The computation of one step. Where an operation has an activation, it is applied to the sum of
/// products or to the sum.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// A convolution of one value.
    Convolution(Convolution),
    /// A matrix product of one value, maps flattened to `[channels x height x width]`.
    Linear(Linear),
    /// Maxima or means of windows on every map of one value.
    Pool {
        /// Maximum, in which the border does not count, or mean, in which zeros of the border do.
        kind: Pooling,
        /// Side of the window.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Border on every side.
        padding: usize,
    },
    /// The mean over all positions of every map of one value.
    GlobalAveragePool,
    /// A nonlinearity of one value on its own.
    Activation(Nonlinearity),
    /// A convolution of one value of side 1 along its channels.
    ChannelConvolution(ChannelConvolution),
    /// The first value times the second, number by number; a second value of side 1 is one factor a
    /// channel.
    Scale,
    /// The sum of two values of one shape, then a nonlinearity.
    Add(Nonlinearity),
    /// The channels of the first value, then those of the second.
    Concat,
    /// As many channels of a value as the output has, from this one on.
    Channels {
        /// The first of them.
        first: usize,
    },
}

/// A convolution with folded normalization.
///
/// # Shapes
/// Maps `[inputs, height, width]` to `[outputs, height', width']`, each side with
/// side' = ⌊(side + padding.0 + padding.1 - span) / stride⌋ + 1 for a span of
/// dilation (kernel - 1) + 1. Output channel o reads the
/// `inputs / groups` channels from `(o / (outputs / groups)) (inputs / groups)` on.
#[derive(Clone, Debug, PartialEq)]
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
    /// Distance of neighboring taps in pixels; above 1 for depthwise convolutions only.
    pub dilation: usize,
    /// Weights `[outputs, inputs / groups, kernel, kernel]`.
    pub weight: Vec<f32>,
    /// Biases `[outputs]`.
    pub bias: Vec<f32>,
    /// The nonlinearity.
    pub activation: Nonlinearity,
}

impl Convolution {
    /// Whether every output channel reads one input channel of its own.
    pub fn is_depthwise(&self) -> bool {
        self.groups == self.inputs && self.groups == self.outputs
    }

    /// Whether the convolution is a matrix product at every position.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.groups == 1 && self.padding == (0, 0) && self.stride == 1
    }

    /// Side of the window, dilation (kernel - 1) + 1.
    pub fn span(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// Height and width of the output maps.
    pub fn output_side(&self, side: Extent) -> Extent {
        let padding = self.padding.0 + self.padding.1;
        side.map(|side| (side + padding).saturating_sub(self.span()) / self.stride + 1)
    }

    /// Number of weights of one output channel.
    pub fn filter_len(&self) -> usize {
        self.inputs / self.groups * self.kernel * self.kernel
    }
}

/// A matrix product with bias.
///
/// # Shapes
/// `[inputs]` to `[outputs]`; maps are read channel by channel, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Numbers in.
    pub inputs: usize,
    /// Numbers out.
    pub outputs: usize,
    /// Weights `[outputs, inputs]`.
    pub weight: Vec<f32>,
    /// Biases `[outputs]`.
    pub bias: Vec<f32>,
    /// The nonlinearity.
    pub activation: Nonlinearity,
}

/// A convolution along the channels of a value of side 1, as in efficient channel attention:
/// output c is the activation of the sum over k of `weight[k]` times input c + k - ⌊n / 2⌋, with
/// zeros outside, for n odd weights.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelConvolution {
    /// Weights `[kernel]`, of odd length.
    pub weight: Vec<f32>,
    /// The nonlinearity.
    pub activation: Nonlinearity,
}

impl Operation {
    /// The name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Convolution(_) => "Convolution",
            Self::Linear(_) => "Linear",
            Self::Pool { kind: Pooling::Max, .. } => "MaxPool",
            Self::Pool { kind: Pooling::Average, .. } => "AveragePool",
            Self::GlobalAveragePool => "GlobalAveragePool",
            Self::Activation(_) => "Activation",
            Self::ChannelConvolution(_) => "ChannelConvolution",
            Self::Scale => "Scale",
            Self::Add(_) => "Add",
            Self::Concat => "Concat",
            Self::Channels { .. } => "Channels",
        }
    }

    /// The fused nonlinearity, where the operation can have one.
    pub fn activation_mut(&mut self) -> Option<&mut Nonlinearity> {
        match self {
            Self::Convolution(convolution) => Some(&mut convolution.activation),
            Self::Linear(linear) => Some(&mut linear.activation),
            Self::ChannelConvolution(convolution) => Some(&mut convolution.activation),
            Self::Activation(activation) | Self::Add(activation) => Some(activation),
            Self::Pool { .. }
            | Self::GlobalAveragePool
            | Self::Scale
            | Self::Concat
            | Self::Channels { .. } => None,
        }
    }
}
