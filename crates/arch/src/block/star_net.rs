//! The block of StarNet.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::{CHANNELS, EXPANSION, ODD_KERNEL, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, make_divisible, pointwise};
use crate::op::Convolution;

arguments! {
    /// StarNet's block: a depthwise convolution, the product of two 1x1 expansions (the star operation),
    /// a 1x1 projection and a second depthwise convolution. The input is added where the shape is kept.
    ///
    /// With c input, d output and m = `make_divisible(expansion c, 8)` inner channels:
    /// c k² + 2 c m + m d + d k² + 2 c + 2 m + 3 d parameters.
    ///
    /// # Source
    /// Ma et al. (2024), "Rewrite the Stars", section 4 and appendix, arXiv 2403.19967; there a
    /// convolution between the stages has the stride.
    pub struct StarNet = ["StarNet"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64 = 4.0, in EXPANSION;
        /// Side of both depthwise kernels in pixels.
        pub kernel: usize = 7, in ODD_KERNEL;
        /// Stride of the first depthwise convolution, 1 or 2.
        pub stride: usize = 1, in STRIDE;
    }
}

impl StarNet {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let biased = |conv: Convolution| Convolution { norm: false, ..conv };
        let mut branch = chain.branch();
        let linear = Activation::Identity;
        chain.convolve(&mut branch, depthwise(inputs, self.kernel, stride, linear))?;
        let (mut gate, mut value) = (branch.fork(), branch.fork());
        chain.convolve(&mut gate, biased(pointwise(inputs, inner, Activation::Relu6)))?;
        chain.convolve(&mut value, biased(pointwise(inputs, inner, linear)))?;
        branch.product(gate, value);
        chain.convolve(&mut branch, pointwise(inner, outputs, linear))?;
        chain.convolve(&mut branch, biased(depthwise(outputs, self.kernel, 1, linear)))?;
        chain.add(branch, stride == 1);
        Ok(())
    }
}

impl BlockKind for StarNet {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "StarNet", stem: None, plain: None, extended: 0.15 }];
        Some(Offer::usual(TYPES, Halving::Stride, parameters).since(Generation::Gated))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("star_c")?,
            expansion: values.tenths("star_t")?,
            kernel: values.size("star_kernel")?,
            stride: values.stride,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![
        Parameter::int("star_c", position.v3, 0.45),
        Parameter::expansion("star_t"),
        Parameter::ordinal("star_kernel", &[3, 5, 7], None),
    ]
}
