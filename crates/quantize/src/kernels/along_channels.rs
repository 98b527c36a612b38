//! Convolutions along the channels.

use super::requantize::requantize;

/// y[c] = requantize(Σ (x[c + k - ⌊n / 2⌋] - x_zero) w[k]) over the n weights, with zeros outside.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn along_channels(
    x: &[i8],
    y: &mut [i8],
    kernel: usize,
    weights: &[i8],
    x_zero: i32,
    multiplier: i32,
    shift: u8,
    zero: i32,
) {
    let padding = kernel / 2;
    for (c, y) in y.iter_mut().enumerate() {
        let mut sum = 0;
        for (k, w) in weights.iter().enumerate() {
            if let Some(x) = (c + k).checked_sub(padding).and_then(|at| x.get(at)) {
                sum += (i32::from(*x) - x_zero) * i32::from(*w);
            }
        }
        *y = requantize(sum, multiplier, shift, zero);
    }
}
