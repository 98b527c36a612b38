//! Sums of two tensors.

use super::rescale::rescale;

/// y = rescale((y - y_zero) y_factor + (x - x_zero) x_factor), in place.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn add(
    x: &[i8],
    y: &mut [i8],
    x_zero: i32,
    x_factor: i32,
    y_zero: i32,
    y_factor: i32,
    shift: u8,
    zero: i32,
) {
    for (y, x) in y.iter_mut().zip(x) {
        let sum = (i32::from(*y) - y_zero) * y_factor + (i32::from(*x) - x_zero) * x_factor;
        *y = rescale(sum, shift, zero);
    }
}
