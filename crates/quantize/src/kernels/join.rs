//! One part of a concatenation.

use super::rescale::rescale;

/// At every position: y[start + c] = rescale((x[c] - x_zero) factor), for the `channels` channels of
/// x among the `outputs` channels of y.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn join(
    x: &[i8],
    y: &mut [i8],
    channels: usize,
    outputs: usize,
    start: usize,
    x_zero: i32,
    factor: i32,
    shift: u8,
    zero: i32,
) {
    for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(outputs)) {
        for (y, x) in y[start..start + channels].iter_mut().zip(x) {
            *y = rescale((i32::from(*x) - x_zero) * factor, shift, zero);
        }
    }
}
