//! Depthwise convolutions.

use super::requantize::requantize;

/// Channels that are summed together.
const LANES: usize = 16;

/// At every output position: y[c] = requantize(bias[c] + Σ x[c] w[c]) over the window, of which
/// neighboring taps are `dilation` apart, with `x_zero` outside of the maps. Weights are `[kernel, kernel, channels]`, maps have channels last.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn depthwise(
    x: &[i8],
    y: &mut [i8],
    height: usize,
    width: usize,
    channels: usize,
    output_width: usize,
    kernel: usize,
    dilation: usize,
    stride: usize,
    padding: usize,
    weights: &[i8],
    bias: &[i32],
    multiplier: &[i32],
    shift: &[u8],
    x_zero: i32,
    zero: i32,
) {
    for (position, y) in y.chunks_exact_mut(channels).enumerate() {
        let (top, left) = (position / output_width * stride, position % output_width * stride);
        for (block, y) in y.chunks_mut(LANES).enumerate() {
            let (start, lanes) = (block * LANES, y.len());
            let mut sums = [0_i32; LANES];
            sums[..lanes].copy_from_slice(&bias[start..start + lanes]);
            for tap in 0..kernel * kernel {
                let w = &weights[tap * channels + start..][..lanes];
                let (row, column) = (top + tap / kernel * dilation, left + tap % kernel * dilation);
                let (rows, columns) = (padding..height + padding, padding..width + padding);
                if rows.contains(&row) && columns.contains(&column) {
                    let at = ((row - padding) * width + column - padding) * channels + start;
                    for ((sum, x), w) in sums.iter_mut().zip(&x[at..at + lanes]).zip(w) {
                        *sum += i32::from(*x) * i32::from(*w);
                    }
                } else {
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum += x_zero * i32::from(*w);
                    }
                }
            }
            for (lane, y) in y.iter_mut().enumerate() {
                let c = start + lane;
                *y = requantize(sums[lane], multiplier[c], shift[c], zero);
            }
        }
    }
}
