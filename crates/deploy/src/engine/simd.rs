//! Loops with the widest vectors that the processor at hand has.

use pulp::{Arch, Simd, WithSimd};

/// Runs an operation, compiled for the instruction set found at run time.
pub(super) fn vectorized<O: WithSimd>(operation: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, operation);
    }
    Arch::new().dispatch(operation)
}

/// Runs plain loops, which the compiler vectorizes for the instruction set found at run time.
pub(super) fn fast<R, F: FnOnce() -> R>(loops: F) -> R {
    vectorized(Loops(loops))
}

struct Loops<F>(F);

impl<R, F: FnOnce() -> R> WithSimd for Loops<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> R {
        (self.0)()
    }
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        S::F32_LANES
    }
}

/// 32-bit floats per vector: a divisor of [`LANES`](super::layout::LANES).
pub(super) fn lanes() -> usize {
    vectorized(Lanes)
}
