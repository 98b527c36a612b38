//! Dispatch to wider vector instructions at run time.
#![allow(unsafe_code)]

/// Runs a closure compiled for AVX2 where the processor supports it, else for the baseline.
///
/// Only loops inlined into the closure (`#[inline(always)]`) gain. Results are identical to the bit
/// either way: no operation is contracted or reordered. Measured: covariances and their gradients
/// of 200 points in 10 dimensions take half the time.
///
/// # Examples
/// ```
/// use automl_numeric::simd::vectorized;
///
/// let x = [1.0, 2.0, 3.0];
/// assert_eq!(vectorized(|| x.iter().map(|x| x * x).sum::<f64>()), 14.0);
/// ```
#[inline]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the only requirement of `wide` is that the processor has AVX2, which was just
        // checked; the closure itself is safe code.
        return unsafe { wide(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn wide<R>(work: impl FnOnce() -> R) -> R {
    work()
}
