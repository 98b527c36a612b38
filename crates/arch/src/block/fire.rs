//! The block of SqueezeNet.

use super::arguments::arguments;
use super::kind::BlockKind;
use super::offer::{Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::CHANNELS;
use crate::activation::Activation;
use crate::builder::{Builder, Checked, pointwise, spatial};
use crate::op::Convolution;

arguments! {
    /// SqueezeNet's block: a 1x1 squeeze, then 1x1 and 3x3 expansions side by side; biases and
    /// ReLU, no normalization. The width multiple does not apply.
    ///
    /// With c input channels, squeeze s and expansions a and b:
    /// (c + 1) s + (s + 1) a + (9 s + 1) b parameters, a + b output channels.
    ///
    /// # Source
    /// Iandola et al. (2016), "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters",
    /// section 3.2, arXiv 1602.07360.
    pub struct Fire = ["Fire"] {
        /// Channels of the squeeze.
        pub squeeze: usize, in CHANNELS;
        /// Channels of the 1x1 expansion.
        pub expand1: usize, in CHANNELS;
        /// Channels of the 3x3 expansion.
        pub expand3: usize, in CHANNELS;
    }
}

impl Fire {
    fn copy(&self, chain: &mut Builder) -> Checked<()> {
        let Self { squeeze, expand1, expand3 } = *self;
        let biased = |conv: Convolution| Convolution { norm: false, ..conv };
        let relu = Activation::Relu;
        let mut branch = chain.branch();
        chain.convolve(&mut branch, biased(pointwise(chain.channels, squeeze, relu)))?;
        let mut small = branch.fork();
        chain.convolve(&mut small, biased(pointwise(squeeze, expand1, relu)))?;
        let mut large = branch.fork();
        chain.convolve(&mut large, biased(spatial(squeeze, expand3, 3, 1, 1, relu)))?;
        branch.concat(small, large);
        chain.extend(branch);
        Ok(())
    }
}

impl BlockKind for Fire {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        for _ in 0..repeat {
            self.copy(chain)?;
            chain.end_copy();
        }
        Ok(())
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "Fire", stem: None, plain: None, extended: 0.03 }];
        Some(Offer::usual(TYPES, Halving::Pool, parameters))
    }

    /// Both expansions have the same number of channels.
    fn chosen(values: &Values<'_>) -> Option<Self> {
        let squeeze = values.size("f_s")?;
        let expand = squeeze * values.size("f_e")?;
        Some(Self { squeeze, expand1: expand, expand3: expand })
    }
}

/// The squeeze has the lower half of the channels.
fn parameters(position: &Position) -> Vec<Parameter> {
    let (low, high, step) = position.v3;
    let high = (high / 2).max(low);
    let squeeze = (low, low + (high - low) / step * step, step);
    vec![Parameter::int("f_s", squeeze, 0.3), Parameter::int("f_e", (2, 4, 1), 0.3)]
}
