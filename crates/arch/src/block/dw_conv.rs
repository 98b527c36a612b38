//! The depthwise convolution.

use super::arguments::arguments;
use super::conv::{chosen_activation, parameters};
use super::kind::{BlockKind, strided};
use super::offer::{Halving, Offer, OfferedType, Values};
use super::range::{CHANNELS, PIXELS};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, Window};

arguments! {
    /// [`Conv`](super::Conv) with gcd(input, output channels) groups: depthwise where the channels
    /// are kept.
    ///
    /// With c channels in and out and k x k kernels: c k² + 2 c parameters.
    pub struct DWConv = ["DWConv"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Side of the kernel in pixels.
        pub kernel: usize, in PIXELS;
        /// Stride in both directions.
        pub stride: usize = 1, in PIXELS;
        /// Zeros around the input; `None` is half of the kernel, rounded down.
        pub padding: Option<usize> = None;
        /// Nonlinearity after the normalization.
        pub activation: Activation = Activation::Relu;
    }
}

impl BlockKind for DWConv {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let Self { channels, kernel, stride, padding, activation } = *self;
        let outputs = chain.scaled(channels);
        chain.convolutions(outputs, Window { kernel, stride, padding }, None, activation, repeat)
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "DWConv", stem: Some(0.2), plain: Some(0.15), extended: 0.1 }];
        Some(Offer::usual(TYPES, Halving::Stride, parameters))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("out_channels")?,
            kernel: values.size("kernel_size").unwrap_or(3),
            stride: values.stride,
            padding: None,
            activation: chosen_activation(values)?,
        })
    }
}
