//! Convolutions of several groups.

use super::dot::dot;
use super::requantize::requantize;
use super::total::total;

/// As `convolution`, where output o reads `inputs / groups` channels from group
/// ⌊o groups / outputs⌋. Weights are `[outputs, kernel, kernel, inputs / groups]`.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn grouped(
    x: &[i8],
    y: &mut [i8],
    height: usize,
    width: usize,
    inputs: usize,
    output_width: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    groups: usize,
    weights: &[i8],
    bias: &[i32],
    multiplier: &[i32],
    shift: &[u8],
    x_zero: i32,
    zero: i32,
) {
    let each = inputs / groups;
    for (position, y) in y.chunks_exact_mut(outputs).enumerate() {
        let (top, left) = (position / output_width * stride, position % output_width * stride);
        for (o, filter) in weights.chunks_exact(kernel * kernel * each).enumerate() {
            let start = o * groups / outputs * each;
            let mut sum = bias[o];
            for (tap, w) in filter.chunks_exact(each).enumerate() {
                let (row, column) = (top + tap / kernel, left + tap % kernel);
                let (rows, columns) = (padding..height + padding, padding..width + padding);
                if rows.contains(&row) && columns.contains(&column) {
                    let at = ((row - padding) * width + column - padding) * inputs + start;
                    sum += dot(&x[at..at + each], w);
                } else {
                    sum += x_zero * total(w);
                }
            }
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
    }
}
