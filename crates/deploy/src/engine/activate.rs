//! Nonlinearities of many numbers.

use super::exp::{erf, sigmoid, tanh};
use crate::nonlinearity::Nonlinearity;
use automl_numeric::vector::fast;

/// Applies a nonlinearity in place, up to rounding as [`Nonlinearity::apply`] does.
pub(super) fn activate(activation: Nonlinearity, values: &mut [f32]) {
    match activation {
        Nonlinearity::Identity => {}
        Nonlinearity::Silu => each(values, |x| x * sigmoid(x)),
        Nonlinearity::Sigmoid => each(values, sigmoid),
        Nonlinearity::Tanh => each(values, tanh),
        Nonlinearity::Gelu => {
            each(values, |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)));
        }
        Nonlinearity::Relu => each(values, |x| Nonlinearity::Relu.apply(x)),
        Nonlinearity::Relu6 => each(values, |x| Nonlinearity::Relu6.apply(x)),
        Nonlinearity::Clamp => each(values, |x| Nonlinearity::Clamp.apply(x)),
        Nonlinearity::HardSwish => each(values, |x| Nonlinearity::HardSwish.apply(x)),
        Nonlinearity::HardSigmoid => each(values, |x| Nonlinearity::HardSigmoid.apply(x)),
        Nonlinearity::LeakyRelu => each(values, |x| Nonlinearity::LeakyRelu.apply(x)),
    }
}

fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    fast(|| values.iter_mut().for_each(|x| *x = f(*x)));
}
