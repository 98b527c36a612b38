//! Pointwise convolutions and matrix products.

use super::dot::dot;
use super::requantize::requantize;

/// At every position: y[o] = requantize(bias[o] + Σ x[i] w[o][i]).
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn matrix(
    x: &[i8],
    y: &mut [i8],
    inputs: usize,
    outputs: usize,
    weights: &[i8],
    bias: &[i32],
    multiplier: &[i32],
    shift: &[u8],
    zero: i32,
) {
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        for (o, w) in weights.chunks_exact(inputs).enumerate() {
            let sum = bias[o] + dot(x, w);
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
    }
}
