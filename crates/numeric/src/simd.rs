//! Wider registers where the processor has them.
#![allow(unsafe_code)]

/// Runs `work` compiled for AVX2 where the processor has it. The loops inside must be inlined into
/// the closure (`#[inline(always)]`) to profit. Results are the same bits either way: nothing is
/// contracted or reordered.
///
/// Measured: covariances and their gradients of 200 points in 10 dimensions take 0.5 of the time
/// of the baseline instruction set.
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
