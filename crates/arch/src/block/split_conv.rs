//! The block of depthwise convolutions of several kernels and a dilation.

use super::arguments::arguments;
use super::kind::BlockKind;
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::{CHANNELS, DILATION, ODD_KERNEL};
use crate::activation::Activation;
use crate::builder::{Branch, Builder, Checked, depthwise, pointwise};
use crate::op::{Convolution, Op, Pooling};

/// One of so many channels goes through each depthwise convolution.
const PARTS: usize = 4;

arguments! {
    /// Channels in four parts: as they are, through a depthwise 3x3, through a depthwise k x k, and
    /// through a 3x3 mean and a depthwise k x k with a dilation; then a linear 1x1 convolution. The input
    /// is added where the channels stay.
    ///
    /// With c input, d output channels and p = ⌊c / 4⌋: p (9 + 2 k²) + c d + 2 (3 p + d) parameters. Fewer
    /// than four channels go through the depthwise 3x3 together.
    ///
    /// # Source
    /// Tan & Le (2019), "MixConv", section 3.2, arXiv 1907.09595, for several kernels and dilations; Yu et
    /// al. (2024), "InceptionNeXt", section 3.2, arXiv 2303.16900, for the part as it is; Touvron et al.
    /// (2021), arXiv 2103.17239, equation 2, for the layer scale.
    pub struct SplitConv = ["SplitConv"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Side of the larger depthwise kernels in pixels.
        pub kernel: usize = 7, in ODD_KERNEL;
        /// Distance of neighboring taps of the last kernel in pixels.
        pub dilation: usize = 3, in DILATION;
        /// Nonlinearity of the depthwise convolutions.
        pub activation: Activation = Activation::Relu;
        /// Whether the 1x1 convolution has a learned factor per channel, of .1 at first.
        pub layer_scale: bool = true;
    }
}

impl SplitConv {
    fn copy(&self, chain: &mut Builder, outputs: usize) -> Checked<()> {
        let inputs = chain.channels;
        let mut branch = chain.branch();
        let part = inputs / PARTS;
        if part == 0 {
            chain.convolve(&mut branch, depthwise(inputs, 3, 1, self.activation))?;
        } else {
            self.parts(chain, &mut branch, part)?;
        }
        let last = pointwise(inputs, outputs, Activation::Identity);
        let last = Convolution { layer_scale: self.layer_scale, ..last };
        chain.convolve(&mut branch, last)?;
        chain.add(branch, true);
        Ok(())
    }

    /// The four parts, the last joined first.
    fn parts(&self, chain: &Builder, branch: &mut Branch, part: usize) -> Checked<()> {
        let rest = branch.channels - 3 * part;
        let cut = |index: usize| {
            let mut cut = branch.fork();
            cut.channels(rest + index * part, part);
            cut
        };
        let (mut small, mut large, mut wide) = (cut(0), cut(1), cut(2));
        chain.convolve(&mut small, depthwise(part, 3, 1, self.activation))?;
        chain.convolve(&mut large, depthwise(part, self.kernel, 1, self.activation))?;
        let kind = Pooling::Average;
        wide.nodes.push(Op::Pool { kind, kernel: 3, stride: 1, padding: 1 });
        let border = self.kernel / 2 * self.dilation;
        let dilated = Convolution {
            padding: (border, border),
            dilation: if self.kernel == 1 { 1 } else { self.dilation },
            ..depthwise(part, self.kernel, 1, self.activation)
        };
        chain.convolve(&mut wide, dilated)?;
        let (mut kept, mut three, mut two) = (branch.fork(), branch.fork(), branch.fork());
        kept.channels(0, rest);
        two.concat(large, wide);
        three.concat(small, two);
        branch.concat(kept, three);
        Ok(())
    }
}

impl BlockKind for SplitConv {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(1, repeat, |chain, _| self.copy(chain, outputs))
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "SplitConv", stem: None, plain: None, extended: 0.15 }];
        Some(Offer::usual(TYPES, Halving::Pool, parameters).since(Generation::Gated))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("split_c")?,
            kernel: values.size("split_kernel")?,
            dilation: values.size("split_dilation")?,
            activation: Activation::Relu,
            layer_scale: true,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![
        Parameter::int("split_c", position.v3, 0.45),
        Parameter::ordinal("split_kernel", &[5, 7], None),
        Parameter::ordinal("split_dilation", &[1, 2, 3], None),
    ]
}
