//! Numeric loops on 32-bit floats with the widest vectors that the processor at hand has.
//!
//! The kernels of training and of inference share this dispatch.

use pulp::{Arch, Simd, WithSimd};

/// Runs an operation, compiled for the instruction set found at run time.
#[inline]
pub fn vectorized<O: WithSimd>(operation: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, operation);
    }
    Arch::new().dispatch(operation)
}

/// Runs plain loops, which the compiler vectorizes for the instruction set found at run time.
///
/// # Examples
/// ```
/// use automl_numeric::vector::fast;
///
/// let x = [1.0_f32, 2.0, 3.0];
/// assert_eq!(fast(|| x.map(|x| 2.0 * x)), [2.0, 4.0, 6.0]);
/// ```
#[inline]
pub fn fast<R, F: FnOnce() -> R>(loops: F) -> R {
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

/// 32-bit floats per vector.
#[inline]
pub fn lanes() -> usize {
    vectorized(Lanes)
}

/// Splits columns into panels of two or three vectors, each with its first column and its number of
/// vectors; a panel of one vector only where one is left.
///
/// # Examples
/// ```
/// use automl_numeric::vector::{lanes, panels};
///
/// let vectors: Vec<usize> = panels(4 * lanes()).iter().map(|(_, vectors)| *vectors).collect();
/// assert_eq!(vectors, [2, 2]);
/// ```
pub fn panels(columns: usize) -> Vec<(usize, usize)> {
    let lanes = lanes();
    let (mut left, mut column) = (columns.div_ceil(lanes), 0);
    let mut panels = Vec::new();
    while left > 0 {
        let vectors = match left {
            1 => 1,
            2 | 4 => 2,
            _ => 3,
        };
        panels.push((column, vectors));
        column += vectors * lanes;
        left -= vectors;
    }
    panels
}
