//! Some of the channels.

/// At every position: y[c] = x[first + c], for the `outputs` channels of y among the `channels` of x.
pub(crate) fn take(x: &[i8], y: &mut [i8], channels: usize, outputs: usize, first: usize) {
    for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(outputs)) {
        y.copy_from_slice(&x[first..first + outputs]);
    }
}
