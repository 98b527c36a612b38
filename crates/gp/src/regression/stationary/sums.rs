//! Weighted sums with independent accumulators, so that they vectorize.

/// `sum_k w_k (v_k - here)^2`, in eight independent sums.
#[inline(always)]
pub(super) fn weighted_squares(w: &[f64], v: &[f64], here: f64) -> f64 {
    let mut sums = [0.0; 8];
    let (w8, v8) = (w.chunks_exact(8), v.chunks_exact(8));
    let rest: f64 =
        w8.remainder().iter().zip(v8.remainder()).map(|(w, v)| w * (v - here) * (v - here)).sum();
    for (w, v) in w8.zip(v8) {
        for i in 0..8 {
            let d = v[i] - here;
            sums[i] += w[i] * d * d;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `sum_k w_k (here - v_k)`, in eight independent sums.
#[inline(always)]
pub(super) fn weighted_differences(w: &[f64], v: &[f64], here: f64) -> f64 {
    let mut sums = [0.0; 8];
    let (w8, v8) = (w.chunks_exact(8), v.chunks_exact(8));
    let rest: f64 = w8.remainder().iter().zip(v8.remainder()).map(|(w, v)| w * (here - v)).sum();
    for (w, v) in w8.zip(v8) {
        for i in 0..8 {
            sums[i] += w[i] * (here - v[i]);
        }
    }
    sums.iter().sum::<f64>() + rest
}
