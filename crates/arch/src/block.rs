//! The searched blocks and their arguments.

use serde::{Deserialize, Serialize};

/// A pointwise nonlinearity; the names are those of `torch.nn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activation {
    /// x
    #[default]
    Identity,
    /// max(0, x)
    #[serde(rename = "ReLU")]
    Relu,
    /// min(max(0, x), 6)
    #[serde(rename = "ReLU6")]
    Relu6,
    /// x min(max(0, x + 3), 6) / 6 (Howard et al. 2019, MobileNetV3)
    #[serde(rename = "Hardswish")]
    HardSwish,
    /// min(max(0, x + 3), 6) / 6
    #[serde(rename = "Hardsigmoid")]
    HardSigmoid,
    /// x sigmoid(x)
    #[serde(rename = "SiLU")]
    Silu,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// max(x, .01 x)
    #[serde(rename = "LeakyReLU")]
    LeakyRelu,
    /// x Phi(x), with the normal distribution function
    #[serde(rename = "GELU")]
    Gelu,
    /// tanh(x)
    Tanh,
}

/// One block of the chain.
///
/// `channels` of every block but `FixedConv`, `Fire` and `Linear` are multiplied by the width
/// multiple and rounded by [`make_divisible`](crate::make_divisible) to a multiple of 8. Where a
/// block is repeated, the stride belongs to one copy: the last of `Conv`, `FixedConv` and
/// `DWConv`, the first of the others; this is how the community's generators do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Block {
    /// Convolution without bias, batch normalisation, activation.
    Conv {
        /// Output channels before the width multiple.
        channels: usize,
        /// Side of the kernel.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Zeros around the input; `None` is half of the kernel, rounded down.
        padding: Option<usize>,
        /// Groups, which divide input and output channels.
        groups: usize,
        /// The nonlinearity after normalisation.
        activation: Activation,
    },
    /// As `Conv`, with exactly `channels` outputs whatever the width multiple.
    FixedConv {
        /// Output channels.
        channels: usize,
        /// Side of the kernel.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Zeros around the input; `None` is half of the kernel, rounded down.
        padding: Option<usize>,
        /// Groups, which divide input and output channels.
        groups: usize,
        /// The nonlinearity after normalisation.
        activation: Activation,
    },
    /// As `Conv` with gcd(input, output channels) groups: depthwise where the channels are kept.
    DWConv {
        /// Output channels before the width multiple.
        channels: usize,
        /// Side of the kernel.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Zeros around the input; `None` is half of the kernel, rounded down.
        padding: Option<usize>,
        /// The nonlinearity after normalisation.
        activation: Activation,
    },
    /// 1x1 convolution to `expansion` times the channels, then a 3x3 one, with a shortcut where
    /// the channels are kept (as in YOLOv5).
    ///
    /// Of repeated copies only the last changes the number of channels. The activation is that of
    /// the first convolution; the second always has ReLU.
    Bottleneck {
        /// Output channels before the width multiple.
        channels: usize,
        /// Whether input and output are added where both have the same shape.
        shortcut: bool,
        /// Groups of the 3x3 convolution.
        groups: usize,
        /// Inner channels per output channel.
        expansion: f64,
        /// The nonlinearity of the 1x1 convolution.
        activation: Activation,
        /// Efficient channel attention (kernel 3) on the output.
        eca: bool,
    },
    /// MobileNetV2's block (Sandler et al. 2018): 1x1 expand (none if `expansion` is 1), 3x3
    /// depthwise, 1x1 project, ReLU6 after the first two, shortcut where the shape is kept.
    InvertedResidualV2 {
        /// Output channels before the width multiple.
        channels: usize,
        /// Inner channels per input channel, rounded to a whole number.
        expansion: f64,
        /// Stride of the depthwise convolution, 1 or 2.
        stride: usize,
        /// Efficient channel attention (kernel 3) on the output of the branch.
        eca: bool,
    },
    /// MobileNetV3's block (Howard et al. 2019): as V2 with a kernel, optional squeeze-and-excite
    /// and hard-swish; inner channels are rounded to a multiple of 8.
    InvertedResidualV3 {
        /// Side of the depthwise kernel.
        kernel: usize,
        /// Inner channels per input channel.
        expansion: f64,
        /// Output channels before the width multiple.
        channels: usize,
        /// Squeeze-and-excitation (reduction 4, hard-sigmoid) after the depthwise convolution.
        squeeze_excite: bool,
        /// Hard-swish in place of ReLU.
        hard_swish: bool,
        /// Stride of the depthwise convolution, 1 or 2.
        stride: usize,
        /// Efficient channel attention (of the same kernel) on the output of the branch.
        eca: bool,
    },
    /// EfficientNet's block (Tan & Le 2019): SiLU everywhere, squeeze to a quarter of the *input*
    /// channels, padding max(k - s, 0) with the odd zero at the end.
    MBConv {
        /// Inner channels per input channel, rounded to a whole number.
        expansion: f64,
        /// Output channels before the width multiple.
        channels: usize,
        /// Stride of the depthwise convolution, 1 or 2.
        stride: usize,
        /// Side of the depthwise kernel.
        kernel: usize,
        /// Squeeze-and-excitation after the depthwise convolution.
        squeeze_excite: bool,
    },
    /// SqueezeNet's block (Iandola et al. 2016): a 1x1 squeeze, then 1x1 and 3x3 expansions side
    /// by side; biases, no normalisation. The width multiple does not apply.
    Fire {
        /// Channels of the squeeze.
        squeeze: usize,
        /// Channels of the 1x1 expansion.
        expand1: usize,
        /// Channels of the 3x3 expansion.
        expand3: usize,
    },
    /// GhostNet's block (Han et al. 2020): half of each set of maps comes from a cheap depthwise
    /// 3x3 convolution of the other half.
    GhostBottleneck {
        /// Side of the depthwise kernel, which exists only where the stride is 2.
        kernel: usize,
        /// Inner channels per input channel, rounded to a multiple of 8.
        expansion: f64,
        /// Output channels before the width multiple.
        channels: usize,
        /// Squeeze-and-excitation (reduction 4, clamped to [0, 1]) on the inner maps.
        squeeze_excite: bool,
        /// 1 or 2.
        stride: usize,
    },
    /// Largest value of each window.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Border around the input, at most half of the window.
        padding: usize,
    },
    /// Mean of each window; zeros of the border count.
    AvgPool {
        /// Side of the window.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Zeros around the input, at most half of the window.
        padding: usize,
    },
    /// Mean over all positions: a map of side 1.
    GlobalAvgPool,
    /// Maps to one vector.
    Flatten,
    /// Matrix product with bias, activation. The width multiple does not apply.
    Linear {
        /// Outputs.
        features: usize,
        /// The nonlinearity.
        activation: Activation,
    },
    /// Nothing: the input itself.
    Pass,
}

impl Block {
    /// A convolution with automatic padding and one group.
    pub fn conv(channels: usize, kernel: usize, stride: usize, activation: Activation) -> Self {
        Self::Conv { channels, kernel, stride, padding: None, groups: 1, activation }
    }

    /// A depthwise convolution with automatic padding: as many groups as divide both channels.
    pub fn dw_conv(channels: usize, kernel: usize, stride: usize, activation: Activation) -> Self {
        Self::DWConv { channels, kernel, stride, padding: None, activation }
    }

    /// A version 3 inverted residual with ReLU and without attention.
    pub fn inverted_residual(
        kernel: usize,
        expansion: f64,
        channels: usize,
        stride: usize,
    ) -> Self {
        Self::InvertedResidualV3 {
            kernel,
            expansion,
            channels,
            squeeze_excite: false,
            hard_swish: false,
            stride,
            eca: false,
        }
    }

    /// A linear layer without activation, as classifiers have.
    pub fn linear(features: usize) -> Self {
        Self::Linear { features, activation: Activation::Identity }
    }

    /// The block's stride, 1 where it has none.
    pub(crate) fn stride(&self) -> usize {
        match self {
            Self::Conv { stride, .. }
            | Self::FixedConv { stride, .. }
            | Self::DWConv { stride, .. }
            | Self::InvertedResidualV2 { stride, .. }
            | Self::InvertedResidualV3 { stride, .. }
            | Self::MBConv { stride, .. }
            | Self::GhostBottleneck { stride, .. }
            | Self::MaxPool { stride, .. }
            | Self::AvgPool { stride, .. } => *stride,
            _ => 1,
        }
    }

    /// Sets the stride of a block that has one.
    pub(crate) fn set_stride(&mut self, value: usize) {
        match self {
            Self::Conv { stride, .. }
            | Self::FixedConv { stride, .. }
            | Self::DWConv { stride, .. }
            | Self::InvertedResidualV2 { stride, .. }
            | Self::InvertedResidualV3 { stride, .. }
            | Self::MBConv { stride, .. }
            | Self::GhostBottleneck { stride, .. }
            | Self::MaxPool { stride, .. }
            | Self::AvgPool { stride, .. } => *stride = value,
            _ => {}
        }
    }

    /// The block's name in the community's configuration files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "Conv",
            Self::FixedConv { .. } => "FixedConv",
            Self::DWConv { .. } => "DWConv",
            Self::Bottleneck { eca: false, .. } => "Bottleneck",
            Self::Bottleneck { eca: true, .. } => "ECABottleneck",
            Self::InvertedResidualV2 { eca: false, .. } => "InvertedResidualv2",
            Self::InvertedResidualV2 { eca: true, .. } => "ECAInvertedResidualv2",
            Self::InvertedResidualV3 { eca: false, .. } => "InvertedResidualv3",
            Self::InvertedResidualV3 { eca: true, .. } => "ECAInvertedResidualv3",
            Self::MBConv { .. } => "MBConv",
            Self::Fire { .. } => "Fire",
            Self::GhostBottleneck { .. } => "GhostBottleneck",
            Self::MaxPool { .. } => "MaxPool",
            Self::AvgPool { .. } => "AvgPool",
            Self::GlobalAvgPool => "GlobalAvgPool",
            Self::Flatten => "Flatten",
            Self::Linear { .. } => "Linear",
            Self::Pass => "Pass",
        }
    }
}
