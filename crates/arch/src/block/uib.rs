//! The universal inverted bottleneck of MobileNetV4.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Generation, Halving, Offer, OfferedType, Parameter, Position, Values, weights};
use super::range::{CHANNELS, EXPANSION, ODD_KERNEL, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, make_divisible, pointwise};

arguments! {
    /// MobileNetV4's block: a linear depthwise convolution before the expansion (ExtraDW), then an
    /// inverted residual with ReLU.
    ///
    /// With c input, d output and m = `make_divisible(expansion c, 8)` inner channels, k x k kernels
    /// inside and s x s ones before: c s² + c m + k² m + m d + 2 (c + 2 m + d) parameters. With a kernel
    /// of 1 inside, the convolution there is left out (ConvNext-like), and the stride is that of the
    /// first.
    ///
    /// # Source
    /// Qin et al. (2024), "MobileNetV4: Universal Models for the Mobile Ecosystem", section 4, arXiv
    /// 2404.10518.
    pub struct UIB = ["UIB"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64, in EXPANSION;
        /// Side of the depthwise kernel before the expansion in pixels.
        pub before: usize, in ODD_KERNEL;
        /// Side of the depthwise kernel inside; 1 for none.
        pub kernel: usize, in ODD_KERNEL;
        /// Stride, 1 or 2.
        pub stride: usize = 1, in STRIDE;
    }
}

impl UIB {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let (first, second) = if self.kernel == 1 { (stride, 1) } else { (1, stride) };
        let mut branch = chain.branch();
        chain.convolve(&mut branch, depthwise(inputs, self.before, first, Activation::Identity))?;
        chain.convolve(&mut branch, pointwise(inputs, inner, Activation::Relu))?;
        if self.kernel > 1 {
            chain.convolve(&mut branch, depthwise(inner, self.kernel, second, Activation::Relu))?;
        }
        chain.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        chain.add(branch, stride == 1);
        Ok(())
    }
}

impl BlockKind for UIB {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "UIB", stem: None, plain: None, extended: 0.2 }];
        Some(Offer::usual(TYPES, Halving::Stride, parameters).since(Generation::Recent))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("uib_c")?,
            expansion: values.tenths("uib_t")?,
            before: values.size("uib_before")?,
            kernel: values.size("uib_kernel")?,
            stride: values.stride,
        })
    }
}

fn parameters(position: &Position) -> Vec<Parameter> {
    vec![
        Parameter::int("uib_c", position.v3, 0.45),
        Parameter::expansion("uib_t"),
        Parameter::kernel("uib_before"),
        Parameter::ordinal("uib_kernel", &[1, 3, 5], Some(weights([0.3, 0.45, 0.25]))),
    ]
}
