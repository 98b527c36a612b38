//! The stem for small images.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::{CHANNELS, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, make_divisible, pointwise, spatial};

arguments! {
    /// A stem that sees every pixel before it halves the maps: a 3x3 convolution of stride 1 to half of the
    /// channels, a depthwise 3x3 with the stride, and a 1x1 convolution.
    ///
    /// With c input, d output and h = `make_divisible(d / 2, 8)` inner channels: 9 c h + 9 h + h d +
    /// 2 (2 h + d) parameters.
    ///
    /// # Source
    /// He et al. (2019), "Bag of Tricks for Image Classification with Convolutional Neural Networks",
    /// section 4.2 (ResNet-C), arXiv 1812.01187, of one dense convolution and a separable one.
    pub struct DeepStem = ["DeepStem"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Stride of the depthwise convolution, 1 or 2.
        pub stride: usize = 1, in STRIDE;
        /// Nonlinearity of all three convolutions.
        pub activation: Activation = Activation::Relu;
    }
}

impl DeepStem {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let half = make_divisible(outputs as f64 / 2.0, 8);
        let mut branch = chain.branch();
        let dense = spatial(branch.channels, half, 3, 1, 1, self.activation);
        chain.convolve(&mut branch, dense)?;
        chain.convolve(&mut branch, depthwise(half, 3, stride, self.activation))?;
        chain.convolve(&mut branch, pointwise(half, outputs, self.activation))?;
        chain.extend(branch);
        Ok(())
    }
}

impl BlockKind for DeepStem {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "DeepStem", stem: Some(0.5), plain: None, extended: 0.0 }];
        let usual = Offer::usual(TYPES, Halving::Stride, parameters);
        Some(Offer { repeats: false, ..usual.since(Generation::Gated) })
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("stem_c")?,
            stride: values.stride,
            activation: Activation::Relu,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![Parameter::int("stem_c", position.plain, 0.3)]
}
