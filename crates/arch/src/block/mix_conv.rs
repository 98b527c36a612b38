//! The depthwise convolution with kernels of several sizes.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::{CHANNELS, EXPANSION, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, make_divisible, pointwise};

arguments! {
    /// An inverted residual with depthwise convolutions of two kernels: 3x3 on one half of the channels
    /// and k x k on the other.
    ///
    /// With c input, d output and m = `make_divisible(expansion c, 8)` inner channels:
    /// c m + (9 + k²) m / 2 + m d + 2 (2 m + d) parameters.
    ///
    /// # Source
    /// Tan & Le (2019), "MixConv: Mixed Depthwise Convolutional Kernels", section 3, arXiv 1907.09595,
    /// with two groups.
    pub struct MixConv = ["MixConv"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64, in EXPANSION;
        /// Side of the larger kernel in pixels.
        pub kernel: usize = 5, in super::range::ODD_KERNEL;
        /// Stride of the depthwise convolutions, 1 or 2.
        pub stride: usize = 1, in STRIDE;
    }
}

impl MixConv {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let mut branch = chain.branch();
        chain.convolve(&mut branch, pointwise(inputs, inner, Activation::Relu))?;
        let half = inner / 2;
        let mut halves =
            [(0, half, 3), (half, inner - half, self.kernel)].map(|(first, count, kernel)| {
                let mut part = branch.fork();
                part.channels(first, count);
                (part, depthwise(count, kernel, stride, Activation::Relu))
            });
        for (part, conv) in &mut halves {
            chain.convolve(part, conv.clone())?;
        }
        let [(small, _), (large, _)] = halves;
        branch.concat(small, large);
        chain.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        chain.add(branch, stride == 1);
        Ok(())
    }
}

impl BlockKind for MixConv {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "MixConv", stem: None, plain: None, extended: 0.1 }];
        Some(Offer::usual(TYPES, Halving::Stride, parameters).since(Generation::Recent))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("mix_c")?,
            expansion: values.tenths("mix_t")?,
            kernel: values.size("mix_kernel")?,
            stride: values.stride,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![
        Parameter::int("mix_c", position.v3, 0.45),
        Parameter::expansion("mix_t"),
        Parameter::ordinal("mix_kernel", &[5, 7], None),
    ]
}
