//! The block of EfficientNet.

use super::arguments::arguments;
use super::kind::{Arguments, BlockKind, strided};
use super::offer::{Halving, Offer, OfferedType, Parameter, Values};
use super::range::{CHANNELS, EXPANSION, ODD_KERNEL, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, pointwise};
use crate::op::Gate;

arguments! {
    /// EfficientNet's block: an inverted residual with SiLU, squeeze to a quarter of the *input*
    /// channels, and padding max(k - s, 0) with the odd zero at the end.
    ///
    /// With c input, d output and m = round(`expansion` c) inner channels and k x k kernels:
    /// c m + k² m + m d + 2 (2 m + d) parameters without excitation. The expansion is left out where
    /// m = c.
    ///
    /// # Source
    /// Tan & Le (2019), "EfficientNet: rethinking model scaling for convolutional neural networks",
    /// table 1, arXiv 1905.11946.
    pub struct MBConv = ["MBConv"] {
        /// Inner channels per input channel, rounded to a whole number.
        pub expansion: f64, in EXPANSION;
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Stride of the depthwise convolution, 1 or 2.
        pub stride: usize, in STRIDE;
        /// Side of the depthwise kernel in pixels.
        pub kernel: usize, in ODD_KERNEL;
        /// Squeeze-and-excitation after the depthwise convolution.
        pub squeeze_excite: bool = true;
    }
}

impl MBConv {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner((inputs as f64 * self.expansion).round_ties_even() as usize)?;
        let mut branch = chain.branch();
        if inner != inputs {
            chain.convolve(&mut branch, pointwise(inputs, inner, Activation::Silu))?;
        }
        let zeros = self.kernel.saturating_sub(stride);
        let mut spatial = depthwise(inner, self.kernel, stride, Activation::Silu);
        spatial.padding = (zeros / 2, zeros - zeros / 2);
        chain.convolve(&mut branch, spatial)?;
        if self.squeeze_excite {
            branch.squeeze_excite((inputs / 4).max(1), Activation::Silu, Gate::Sigmoid);
        }
        chain.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        chain.add(branch, stride == 1);
        Ok(())
    }
}

impl BlockKind for MBConv {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    /// The excitation is written only where it differs from its default.
    fn written(&self) -> Vec<String> {
        let mut arguments = self.positional();
        if self.squeeze_excite {
            arguments.pop();
        }
        arguments
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "MBConv", stem: None, plain: None, extended: 0.1 }];
        Some(Offer::usual(TYPES, Halving::Stride, |position| {
            vec![
                Parameter::int("mb_c", position.v3, 0.45),
                Parameter::int("mb_t", (1, 6, 1), 0.5),
                Parameter::kernel("mb_kernel"),
                Parameter::ordinal("mb_se", &[0, 1], None),
            ]
        }))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            expansion: values.size("mb_t")? as f64,
            channels: values.size("mb_c")?,
            stride: values.stride,
            kernel: values.size("mb_kernel")?,
            squeeze_excite: values.flag("mb_se"),
        })
    }
}
