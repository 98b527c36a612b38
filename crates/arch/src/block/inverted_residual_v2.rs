//! The inverted residual of MobileNetV2.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Halving, Offer, OfferedType, Parameter, Position, Values};
use super::range::{CHANNELS, EXPANSION, STRIDE};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, depthwise, pointwise};

arguments! {
    /// MobileNetV2's block: 1x1 expansion (left out if `expansion` is 1), 3x3 depthwise convolution,
    /// 1x1 projection; ReLU6 after the first two, shortcut where the shape is kept.
    ///
    /// With c input, d output and m = round(`expansion` c) inner channels:
    /// c m + 9 m + m d + 2 (2 m + d) parameters.
    ///
    /// # Source
    /// Sandler et al. (2018), "MobileNetV2: inverted residuals and linear bottlenecks", section 3.3,
    /// arXiv 1801.04381.
    pub struct InvertedResidualV2 = [
        "InvertedResidualv2",
        "ECAInvertedResidualv2",
        "InvertedResidualV2",
        "ECAInvertedResidualV2",
    ] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Inner channels per input channel, rounded to a whole number.
        pub expansion: f64, in EXPANSION;
        /// Stride of the depthwise convolution, 1 or 2.
        pub stride: usize, in STRIDE;
    } attention {
        /// Efficient channel attention (kernel 3) on the output of the branch.
        pub eca;
    }
}

impl InvertedResidualV2 {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner((inputs as f64 * self.expansion).round_ties_even() as usize)?;
        let mut branch = chain.branch();
        if self.expansion != 1.0 {
            chain.convolve(&mut branch, pointwise(inputs, inner, Activation::Relu6))?;
        }
        chain.convolve(&mut branch, depthwise(inner, 3, stride, Activation::Relu6))?;
        chain.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        if self.eca {
            branch.channel_attention(3);
        }
        chain.add(branch, stride == 1);
        Ok(())
    }
}

impl BlockKind for InvertedResidualV2 {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] = &[
            OfferedType {
                name: "InvertedResidualv2",
                stem: None,
                plain: Some(0.25),
                extended: 0.14,
            },
            OfferedType { name: "ECAInvertedResidualv2", stem: None, plain: None, extended: 0.05 },
        ];
        Some(Offer::usual(TYPES, Halving::Stride, parameters))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("v2_c")?,
            expansion: values.size("v2_t").unwrap_or(1) as f64,
            stride: values.stride,
            eca: values.attention(),
        })
    }
}

/// The expansion is left out where it can only be 1.
fn parameters(position: &Position) -> Vec<Parameter> {
    let (channels, most) = position.v2;
    let mut parameters = vec![Parameter::int("v2_c", channels, 0.45)];
    if most > 1 {
        parameters.push(Parameter::int("v2_t", (1, most, 1), 0.4));
    }
    parameters
}
