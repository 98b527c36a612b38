//! Convolutions of one group.

use super::dot::dot;
use super::requantize::requantize;
use super::total::total;

/// At every output position: y[o] = requantize(bias[o] + Σ x w[o]) over the window, with `x_zero`
/// outside of the maps. Weights are `[outputs, kernel, kernel, inputs]`, maps have channels last.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn convolution(
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
    weights: &[i8],
    bias: &[i32],
    multiplier: &[i32],
    shift: &[u8],
    x_zero: i32,
    zero: i32,
) {
    let line = kernel * inputs;
    for (position, y) in y.chunks_exact_mut(outputs).enumerate() {
        let (top, left) = (position / output_width * stride, position % output_width * stride);
        // The columns of the window that lie on the maps.
        let first = padding.saturating_sub(left).min(kernel);
        let end = (width + padding).saturating_sub(left).min(kernel).max(first);
        for (o, filter) in weights.chunks_exact(kernel * line).enumerate() {
            let mut sum = bias[o];
            for (ky, w) in filter.chunks_exact(line).enumerate() {
                let row = top + ky;
                if row < padding || row >= height + padding || first == end {
                    sum += x_zero * total(w);
                    continue;
                }
                let from = ((row - padding) * width + left + first - padding) * inputs;
                let (a, b) = (first * inputs, end * inputs);
                sum += dot(&x[from..from + b - a], &w[a..b]);
                sum += x_zero * (total(&w[..a]) + total(&w[b..]));
            }
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
    }
}
