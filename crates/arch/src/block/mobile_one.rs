//! The reparameterized depthwise separable block.

use super::arguments::arguments;
use super::conv::{chosen_activation, parameters};
use super::kind::{BlockKind, strided};
use super::offer::{Generation, Halving, Offer, OfferedType, Values};
use super::range::{CHANNELS, ODD_KERNEL, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, pointwise};

arguments! {
    /// MobileOne's block: in training the sum of a k x k and a 1 x 1 depthwise convolution, each
    /// normalized, and of the input where the stride is 1; deployed one k x k convolution. Then a 1x1
    /// convolution.
    ///
    /// With c input and d output channels, deployed: c (k² + 1) + c d + 2 d parameters.
    ///
    /// # Source
    /// Vasu et al. (2023), "MobileOne: An Improved One millisecond Mobile Backbone", section 3.2, arXiv
    /// 2206.04040, with one k x k branch and a 1x1 convolution without branches; the identity has no
    /// normalization of its own.
    pub struct MobileOne = ["MobileOne"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Side of the depthwise kernel in pixels.
        pub kernel: usize, in ODD_KERNEL;
        /// Stride of the depthwise convolution, 1 or 2.
        pub stride: usize = 1, in STRIDE;
        /// Nonlinearity of both convolutions.
        pub activation: Activation = Activation::Relu;
    }
}

impl MobileOne {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let channels = chain.channels;
        let mut branch = chain.branch();
        let part = |kernel: usize| depthwise(channels, kernel, stride, Activation::Identity);
        let (mut wide, mut narrow) = (branch.fork(), branch.fork());
        chain.convolve(&mut wide, part(self.kernel))?;
        let input = branch.fork();
        if self.kernel == 1 {
            chain.extend(wide);
            return self.mix(chain, outputs);
        }
        chain.convolve(&mut narrow, part(1))?;
        if stride == 1 {
            let mut both = branch.fork();
            both.sum(wide, narrow);
            branch.sum(both, input);
        } else {
            branch.sum(wide, narrow);
        }
        chain.extend(branch);
        self.mix(chain, outputs)
    }

    /// The activation and the 1x1 convolution.
    fn mix(&self, chain: &mut Builder, outputs: usize) -> Checked<()> {
        let mut branch = chain.branch();
        if self.activation != Activation::Identity {
            branch.activate(self.activation);
        }
        chain.convolve(&mut branch, pointwise(chain.channels, outputs, self.activation))?;
        chain.extend(branch);
        Ok(())
    }
}

impl BlockKind for MobileOne {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "MobileOne", stem: None, plain: None, extended: 0.15 }];
        Some(Offer::usual(TYPES, Halving::Stride, parameters).since(Generation::Recent))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("out_channels")?,
            kernel: values.size("kernel_size").unwrap_or(3),
            stride: values.stride,
            activation: chosen_activation(values)?,
        })
    }
}
