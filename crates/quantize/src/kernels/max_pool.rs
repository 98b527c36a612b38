//! Maxima of windows.

/// The largest value of each window on every map; the border does not count. Maps have channels
/// last.
#[allow(clippy::too_many_arguments, reason = "the parameters of the same function in C")]
pub(crate) fn max_pool(
    x: &[i8],
    y: &mut [i8],
    height: usize,
    width: usize,
    channels: usize,
    output_width: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) {
    for (position, y) in y.chunks_exact_mut(channels).enumerate() {
        let (top, left) = (position / output_width * stride, position % output_width * stride);
        y.fill(-128);
        for tap in 0..kernel * kernel {
            let (row, column) = (top + tap / kernel, left + tap % kernel);
            let (rows, columns) = (padding..height + padding, padding..width + padding);
            if rows.contains(&row) && columns.contains(&column) {
                let at = ((row - padding) * width + column - padding) * channels;
                for (y, x) in y.iter_mut().zip(&x[at..at + channels]) {
                    *y = (*y).max(*x);
                }
            }
        }
    }
}
