//! The form in which equal networks are equal.

use crate::{Activation, CanonicalError, Cost, check};
use serde::{Deserialize, Serialize};

/// An architecture as primitive nodes: multiples and repeats applied, what does nothing left out.
///
/// Lowered from a valid [`Architecture`](crate::Architecture), so channels agree, or read from JSON
/// and [checked](Self::check). Whoever changes nodes by hand checks them too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
#[non_exhaustive]
pub struct Canonical {
    /// Channels of the input image.
    pub input_channels: usize,
    /// Side of the input image.
    pub input_side: usize,
    /// Class scores.
    pub classes: usize,
    /// What is computed, in this order.
    pub nodes: Vec<Node>,
}

/// What a file says, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    input_channels: usize,
    input_side: usize,
    classes: usize,
    nodes: Vec<Node>,
}

impl TryFrom<Unchecked> for Canonical {
    type Error = CanonicalError;

    fn try_from(read: Unchecked) -> Result<Self, CanonicalError> {
        let Unchecked { input_channels, input_side, classes, nodes } = read;
        let network = Self { input_channels, input_side, classes, nodes };
        network.check()?;
        Ok(network)
    }
}

/// One primitive computation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Node {
    /// A convolution with what directly follows it.
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
        /// Which of the two.
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
        /// What makes weights of the second layer's outputs.
        gate: Gate,
    },
    /// Efficient channel attention (Wang et al. 2020): channel weights from a convolution along
    /// the channels, through a sigmoid.
    ChannelAttention {
        /// Length of the kernel.
        kernel: usize,
    },
    /// The sum of two branches.
    Sum {
        /// The main branch.
        body: Vec<Node>,
        /// The other; empty for the input itself.
        shortcut: Vec<Node>,
    },
    /// The channels of two branches, one after the other.
    Concat {
        /// The first branch; empty for the input itself.
        first: Vec<Node>,
        /// The second branch; empty for the input itself.
        second: Vec<Node>,
    },
}

/// A square convolution with batch normalisation and activation.
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
    /// Whether outputs are normalised over the batch; if not, there is a bias.
    pub norm: bool,
    /// The nonlinearity.
    pub activation: Activation,
}

/// Kinds of pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pooling {
    /// The largest value.
    Max,
    /// The mean, in which zeros of the border count.
    Average,
}

/// What turns numbers into channel weights.
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
    /// Side of the output maps, floor((side + padding - kernel) / stride) + 1.
    pub fn output_side(&self, side: usize) -> usize {
        output_side(side, self.kernel, self.stride, self.padding.0 + self.padding.1)
    }

    /// The shape of the weights: outputs, inputs per group, kernel, kernel.
    pub fn weight_shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs / self.groups, self.kernel, self.kernel]
    }
}

/// Side of the output maps of a sliding window; `padding` is the sum of both ends.
pub(crate) fn output_side(side: usize, kernel: usize, stride: usize, padding: usize) -> usize {
    (side + padding).saturating_sub(kernel) / stride + 1
}

impl Canonical {
    /// A 64-bit name of the network: the same in every process and version, different (but for
    /// chance, 2^-64 a pair) for different networks.
    ///
    /// It is the FNV-1a hash of the nodes' JSON form, mixed by SplitMix64's finaliser.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in serde_json::to_vec(self).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// Whether this is a network that can be built: channels agree from node to node, windows fit
    /// on their maps, and the chain ends in one number per class.
    ///
    /// # Errors
    /// The first node that does not fit.
    pub fn check(&self) -> Result<(), CanonicalError> {
        check::check(self)
    }

    /// Parameters, multiply-accumulates and peak activation memory.
    pub fn cost(&self) -> Cost {
        Cost::of(self)
    }
}
