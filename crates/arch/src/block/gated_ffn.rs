//! The gated feed-forward block.

use super::arguments::arguments;
use super::kind::BlockKind;
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::{CHANNELS, EXPANSION};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, make_divisible, pointwise};
use crate::op::Convolution;

arguments! {
    /// A gated feed-forward part of 1x1 convolutions: the product of two expansions, one of them behind
    /// the activation, then a linear projection; the input is added where the channels stay.
    ///
    /// With c input, d output and m = `make_divisible(expansion c, 8)` inner channels:
    /// 2 c m + m d + 2 (2 m + d) parameters. A layer scale is a part of the last normalization.
    ///
    /// # Source
    /// Shazeer (2020), "GLU Variants Improve Transformer", equation 6, arXiv 2002.05202; here normalized,
    /// and with the layer scale of Touvron et al. (2021), arXiv 2103.17239, equation 2.
    pub struct GatedFFN = ["GatedFFN"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64 = 2.0, in EXPANSION;
        /// Nonlinearity of the gate.
        pub activation: Activation = Activation::Silu;
        /// Whether the projection has a learned factor per channel, of .1 at first.
        pub layer_scale: bool = true;
    }
}

impl GatedFFN {
    fn copy(&self, chain: &mut Builder, outputs: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let mut branch = chain.branch();
        let (mut gate, mut value) = (branch.fork(), branch.fork());
        chain.convolve(&mut gate, pointwise(inputs, inner, self.activation))?;
        chain.convolve(&mut value, pointwise(inputs, inner, Activation::Identity))?;
        branch.product(gate, value);
        let last = pointwise(inner, outputs, Activation::Identity);
        let last = Convolution { layer_scale: self.layer_scale, ..last };
        chain.convolve(&mut branch, last)?;
        chain.add(branch, true);
        Ok(())
    }
}

impl BlockKind for GatedFFN {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(1, repeat, |chain, _| self.copy(chain, outputs))
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "GatedFFN", stem: None, plain: None, extended: 0.15 }];
        Some(Offer::usual(TYPES, Halving::Pool, parameters).since(Generation::Gated))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("gate_c")?,
            expansion: values.tenths("gate_t")?,
            activation: Activation::Silu,
            layer_scale: true,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![Parameter::int("gate_c", position.v3, 0.45), Parameter::expansion("gate_t")]
}
