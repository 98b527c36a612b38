//! Means of windows.

use super::requantize::requantize;

/// Channels that are summed together.
const LANES: usize = 16;

/// The mean of each window on every map: requantize(Σ (x - x_zero)), with the size of the window in
/// the multiplier; zeros of the border count. Maps have channels last.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn average(
    x: &[i8],
    y: &mut [i8],
    height: usize,
    width: usize,
    channels: usize,
    output_width: usize,
    kernel_height: usize,
    kernel_width: usize,
    stride: usize,
    padding: usize,
    x_zero: i32,
    multiplier: i32,
    shift: u8,
    zero: i32,
) {
    for (position, y) in y.chunks_exact_mut(channels).enumerate() {
        let (top, left) = (position / output_width * stride, position % output_width * stride);
        for (block, y) in y.chunks_mut(LANES).enumerate() {
            let (start, lanes) = (block * LANES, y.len());
            let mut sums = [0_i32; LANES];
            for tap in 0..kernel_height * kernel_width {
                let (row, column) = (top + tap / kernel_width, left + tap % kernel_width);
                let (rows, columns) = (padding..height + padding, padding..width + padding);
                if rows.contains(&row) && columns.contains(&column) {
                    let at = ((row - padding) * width + column - padding) * channels + start;
                    for (sum, x) in sums.iter_mut().zip(&x[at..at + lanes]) {
                        *sum += i32::from(*x) - x_zero;
                    }
                }
            }
            for (y, sum) in y.iter_mut().zip(sums) {
                *y = requantize(sum, multiplier, shift, zero);
            }
        }
    }
}
