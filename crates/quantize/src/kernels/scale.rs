//! Products of two tensors, or with one factor a channel.

use super::rescale::rescale;

/// In every run of `numbers`: y[i] = rescale((y[i] - y_zero) (x[i] - x_zero) factor), in place. A run is
/// the channels of a position, or all maps.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn scale(
    x: &[i8],
    y: &mut [i8],
    numbers: usize,
    x_zero: i32,
    y_zero: i32,
    factor: i32,
    shift: u8,
    zero: i32,
) {
    for run in y.chunks_exact_mut(numbers) {
        for (y, x) in run.iter_mut().zip(x) {
            let product = (i32::from(*y) - y_zero) * (i32::from(*x) - x_zero);
            *y = rescale(product * factor, shift, zero);
        }
    }
}
