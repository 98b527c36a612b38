//! The convolution with a fixed number of channels.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::range::{CHANNELS, PIXELS};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, Window};

arguments! {
    /// [`Conv`](super::Conv) with exactly `channels` outputs under every width multiple.
    pub struct FixedConv = ["FixedConv"] {
        /// Output channels.
        pub channels: usize, in CHANNELS;
        /// Side of the kernel in pixels.
        pub kernel: usize, in PIXELS;
        /// Stride in both directions.
        pub stride: usize = 1, in PIXELS;
        /// Zeros around the input; `None` is half of the kernel, rounded down.
        pub padding: Option<usize> = None;
        /// Groups, which must divide input and output channels.
        pub groups: usize = 1;
        /// Nonlinearity after the normalization.
        pub activation: Activation = Activation::Relu;
    }
}

impl BlockKind for FixedConv {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let Self { channels, kernel, stride, padding, groups, activation } = *self;
        let window = Window { kernel, stride, padding };
        chain.convolutions(channels, window, Some(groups), activation, repeat)
    }

    strided!();
}
