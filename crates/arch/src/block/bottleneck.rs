//! The bottleneck of YOLOv5.

use super::arguments::arguments;
use super::kind::{Arguments, BlockKind};
use super::offer::{Halving, Offer, OfferedType, Parameter, Values};
use super::range::{CHANNELS, EXPANSION};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, pointwise, spatial};

arguments! {
    /// 1x1 convolution to `expansion` times the output channels, then a 3x3 one, with a shortcut
    /// where the channels are kept.
    ///
    /// With c input, d output and m = ⌊`expansion` d⌋ inner channels and g groups:
    /// c m + 9 m d / g + 2 (m + d) parameters. Of repeated copies only the last changes the number
    /// of channels. The activation is that of the first convolution; the second has ReLU.
    ///
    /// # Source
    /// YOLOv5 (Jocher 2020, doi 10.5281/zenodo.3908559), after the bottleneck of He et al. (2016),
    /// "Deep residual learning for image recognition", arXiv 1512.03385.
    pub struct Bottleneck = ["Bottleneck", "ECABottleneck"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Whether input and output are added where both have the same shape.
        pub shortcut: bool = true;
        /// Groups of the 3x3 convolution.
        pub groups: usize = 1;
        /// Inner channels per output channel.
        pub expansion: f64 = 0.5, in EXPANSION;
        /// Nonlinearity of the 1x1 convolution.
        pub activation: Activation = Activation::Relu;
    } attention {
        /// Efficient channel attention (kernel 3) on the output.
        pub eca;
    }
}

impl Bottleneck {
    fn copy(&self, chain: &mut Builder, outputs: usize) -> Checked<()> {
        let inner = chain.inner((outputs as f64 * self.expansion) as usize)?;
        let mut branch = chain.branch();
        chain.convolve(&mut branch, pointwise(chain.channels, inner, self.activation))?;
        let second = spatial(inner, outputs, 3, 1, self.groups, Activation::Relu);
        chain.convolve(&mut branch, second)?;
        if self.eca {
            branch.channel_attention(3);
        }
        chain.add(branch, self.shortcut);
        Ok(())
    }
}

impl BlockKind for Bottleneck {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        for copy in 1..=repeat {
            let outputs = if copy == repeat { outputs } else { chain.channels };
            self.copy(chain, outputs)?;
            chain.end_copy();
        }
        Ok(())
    }

    /// The shortcut is a word, as kindle writes it.
    fn written(&self) -> Vec<String> {
        let mut arguments = self.positional();
        arguments[1] = self.shortcut.to_string();
        arguments
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] = &[
            OfferedType { name: "Bottleneck", stem: None, plain: None, extended: 0.03 },
            OfferedType { name: "ECABottleneck", stem: None, plain: None, extended: 0.02 },
        ];
        Some(Offer::usual(TYPES, Halving::Pool, |position| {
            vec![Parameter::int("b_c", position.v3, 0.4)]
        }))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("b_c")?,
            shortcut: true,
            groups: 1,
            expansion: 0.5,
            activation: Activation::Relu,
            eca: values.attention(),
        })
    }
}
