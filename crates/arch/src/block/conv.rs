//! The plain convolution.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Halving, Offer, OfferedType, Parameter, Position, Values, weights};
use super::range::{CHANNELS, PIXELS};
use crate::activation::Activation;
use crate::builder::{Builder, Checked, Window};

arguments! {
    /// Convolution without bias, batch normalization, activation.
    ///
    /// With k x k kernels, g groups, c input and d output channels: c d k² / g + 2 d parameters.
    /// Maps of side n become maps of side ⌊(n + 2 p - k) / s⌋ + 1 for padding p and stride s. Of
    /// repeated copies the last has the stride.
    pub struct Conv = ["Conv"] {
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Side of the kernel in pixels.
        pub kernel: usize, in PIXELS;
        /// Stride in both directions.
        pub stride: usize = 1, in PIXELS;
        /// Zeros around the input; `None` is half of the kernel, rounded down.
        pub padding: Option<usize> = None;
        /// Groups, which must divide input and output channels.
        pub groups: usize = 1;
        /// Nonlinearity after the normalization.
        pub activation: Activation = Activation::Relu;
    }
}

impl BlockKind for Conv {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let Self { channels, kernel, stride, padding, groups, activation } = *self;
        let outputs = chain.scaled(channels);
        let window = Window { kernel, stride, padding };
        chain.convolutions(outputs, window, Some(groups), activation, repeat)
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "Conv", stem: Some(0.8), plain: Some(0.1), extended: 0.07 }];
        Some(Offer::usual(TYPES, Halving::Stride, parameters))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            channels: values.size("out_channels")?,
            kernel: values.size("kernel_size").unwrap_or(3),
            stride: values.stride,
            padding: None,
            groups: 1,
            activation: chosen_activation(values)?,
        })
    }
}

/// Parameters of plain convolutions; the kernel of m1 is 3.
pub(super) fn parameters(position: &Position) -> Vec<Parameter> {
    let mut parameters = vec![Parameter::int("out_channels", position.plain, 0.3)];
    if !position.stem {
        let prior = Some(weights([0.15, 0.6, 0.25]));
        parameters.push(Parameter::ordinal("kernel_size", &[1, 3, 5], prior));
    }
    parameters.push(Parameter::choice("activation", &["ReLU", "Hardswish"]));
    parameters
}

/// The activation of a plain convolution.
pub(super) fn chosen_activation(values: &Values<'_>) -> Option<Activation> {
    let activations = [Activation::Relu, Activation::HardSwish];
    activations.get(values.choice("activation")?).copied()
}
