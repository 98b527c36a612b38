//! The block of FasterNet.

use super::arguments::arguments;
use super::kind::BlockKind;
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values, weights};
use super::range::{CHANNELS, EXPANSION, ODD_KERNEL};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, make_divisible, pointwise, spatial};

/// One of so many channels sees its neighbors.
const PART: usize = 4;

arguments! {
    /// FasterNet's block: a partial convolution, in which a quarter of the channels goes through a k x k
    /// convolution and the others stay, then two 1x1 convolutions with an expansion between them.
    ///
    /// With c input, d output, p = max(⌊c / 4⌋, 1) convolved and
    /// m = `make_divisible(expansion c, 8)` inner channels: p² k² + c m + m d + 2 (p + m + d)
    /// parameters. The input is added where c = d.
    ///
    /// # Source
    /// Chen et al. (2023), "Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", sections
    /// 3.3 and 3.4, arXiv 2303.03667; here the partial convolution is normalized.
    pub struct FasterNet = ["FasterNet"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64 = 2.0, in EXPANSION;
        /// Side of the partial convolution's kernel in pixels.
        pub kernel: usize = 3, in ODD_KERNEL;
        /// Nonlinearity between the 1x1 convolutions.
        pub activation: Activation = Activation::Relu;
    }
}

impl FasterNet {
    fn copy(&self, chain: &mut Builder, outputs: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let part = (inputs / PART).max(1);
        let mut branch = chain.branch();
        let conv = spatial(part, part, self.kernel, 1, 1, Activation::Identity);
        if part < inputs {
            let (mut seen, mut kept) = (branch.fork(), branch.fork());
            seen.channels(0, part);
            chain.convolve(&mut seen, conv)?;
            kept.channels(part, inputs - part);
            branch.concat(seen, kept);
        } else {
            chain.convolve(&mut branch, conv)?;
        }
        chain.convolve(&mut branch, pointwise(inputs, inner, self.activation))?;
        chain.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        chain.add(branch, true);
        Ok(())
    }
}

impl BlockKind for FasterNet {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        for _ in 0..repeat {
            self.copy(chain, outputs)?;
            chain.end_copy();
        }
        Ok(())
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "FasterNet", stem: None, plain: None, extended: 0.1 }];
        Some(Offer::usual(TYPES, Halving::Pool, parameters).since(Generation::Recent))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("fn_c")?,
            expansion: values.tenths("fn_t")?,
            kernel: values.size("fn_kernel")?,
            activation: Activation::Relu,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![
        Parameter::int("fn_c", position.v3, 0.45),
        Parameter::expansion("fn_t"),
        Parameter::ordinal("fn_kernel", &[3, 5], Some(weights([0.7, 0.3]))),
    ]
}
