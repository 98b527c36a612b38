//! The inverted residual of MobileNetV3.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Halving, Offer, OfferedType, Parameter, Position, Values, weights};
use super::range::{CHANNELS, EXPANSION, ODD_KERNEL, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, make_divisible, pointwise};
use crate::op::Gate;

arguments! {
    /// MobileNetV3's block: [`InvertedResidualV2`](super::InvertedResidualV2) with a choice of
    /// kernel, optional squeeze-and-excitation and hard-swish.
    ///
    /// With c input, d output and m = `make_divisible(expansion c, 8)` inner channels and k x k
    /// kernels: c m + k² m + m d + 2 (2 m + d) parameters without excitation. The expansion is left
    /// out where m = c.
    ///
    /// # Source
    /// Howard et al. (2019), "Searching for MobileNetV3", section 5, arXiv 1905.02244.
    pub struct InvertedResidualV3 = [
        "InvertedResidualv3",
        "ECAInvertedResidualv3",
        "InvertedResidualV3",
        "ECAInvertedResidualV3",
    ] {
        /// Side of the depthwise kernel in pixels.
        pub kernel: usize, in ODD_KERNEL;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64, in EXPANSION;
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Squeeze-and-excitation (reduction 4, hard-sigmoid) after the depthwise convolution.
        pub squeeze_excite: bool;
        /// Hard-swish in place of ReLU.
        pub hard_swish: bool;
        /// Stride of the depthwise convolution, 1 or 2.
        pub stride: usize, in STRIDE;
    } attention {
        /// Efficient channel attention (of the same kernel) on the output of the branch.
        pub eca;
    }
}

impl InvertedResidualV3 {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let activation = if self.hard_swish { Activation::HardSwish } else { Activation::Relu };
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let expands = inner != inputs;
        let mut branch = chain.branch();
        if expands {
            chain.convolve(&mut branch, pointwise(inputs, inner, activation))?;
        }
        // Without an expansion the activation stands before the excitation, otherwise behind it.
        let late = self.squeeze_excite && expands;
        let direct = if late { Activation::Identity } else { activation };
        chain.convolve(&mut branch, depthwise(inner, self.kernel, stride, direct))?;
        if self.squeeze_excite {
            let squeeze = make_divisible((inner / 4) as f64, 8);
            branch.squeeze_excite(squeeze, Activation::Relu, Gate::HardSigmoid);
        }
        if late {
            branch.activate(activation);
        }
        chain.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        if self.eca {
            branch.channel_attention(self.kernel);
        }
        chain.add(branch, stride == 1);
        Ok(())
    }
}

impl BlockKind for InvertedResidualV3 {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] = &[
            OfferedType {
                name: "InvertedResidualv3",
                stem: None,
                plain: Some(0.35),
                extended: 0.2,
            },
            OfferedType { name: "ECAInvertedResidualv3", stem: None, plain: None, extended: 0.08 },
        ];
        Some(Offer::usual(TYPES, Halving::Stride, parameters))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            kernel: values.size("v3_kernel")?,
            expansion: values.tenths("v3_t")?,
            channels: values.size("v3_c")?,
            squeeze_excite: values.flag("v3_se"),
            hard_swish: values.flag("v3_hs"),
            stride: values.stride,
            eca: values.attention(),
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    let even = || Some(weights([0.5, 0.5]));
    vec![
        Parameter::int("v3_c", position.v3, 0.45),
        Parameter::expansion("v3_t"),
        Parameter::kernel("v3_kernel"),
        Parameter::ordinal("v3_se", &[0, 1], even()),
        Parameter::ordinal("v3_hs", &[0, 1], even()),
    ]
}
