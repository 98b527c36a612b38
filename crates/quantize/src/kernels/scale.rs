//! Products with one factor a channel.

use super::rescale::rescale;

/// At every position: y[c] = rescale((y[c] - y_zero) (x[c] - x_zero) factor), in place.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn scale(
    x: &[i8],
    y: &mut [i8],
    channels: usize,
    x_zero: i32,
    y_zero: i32,
    factor: i32,
    shift: u8,
    zero: i32,
) {
    for position in y.chunks_exact_mut(channels) {
        for (y, x) in position.iter_mut().zip(x) {
            let product = (i32::from(*y) - y_zero) * (i32::from(*x) - x_zero);
            *y = rescale(product * factor, shift, zero);
        }
    }
}
