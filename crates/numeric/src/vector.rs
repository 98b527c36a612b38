//! Numeric loops on 32-bit floats with the widest vectors that the processor at hand has.
//!
//! The kernels of training and of inference share this dispatch. Of AVX-512 only the registers are
//! used, 32 in place of 16, and its forms of instructions: vectors stay at 8 floats, since channels
//! are multiples of 8 far more often than of 16.
#![allow(unsafe_code)]

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

/// An operation on tiles of accumulators, as many as the vector registers hold.
pub trait Tiled {
    /// Runs the operation; with `many`, for 32 registers, else for 16.
    ///
    /// To be marked `#[inline(always)]`, as [`WithSimd::with_simd`].
    fn with_tiles<S: Simd>(self, simd: S, many: bool);
}

/// Runs an operation on tiles, compiled for the instruction set found at run time.
#[inline]
pub fn tiled<O: Tiled>(operation: O) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        if avx512() {
            // SAFETY: `many` requires a processor with AVX2, which `simd` proves, and with the parts
            // of AVX-512 that were just asked for; the operation itself is safe code.
            unsafe { many(simd, Tiles::<O, true>(operation)) };
            return;
        }
        return Simd::vectorize(simd, Tiles::<O, false>(operation));
    }
    Arch::new().dispatch(Tiles::<O, false>(operation));
}

struct Tiles<O, const MANY: bool>(O);

impl<O: Tiled, const MANY: bool> WithSimd for Tiles<O, MANY> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.with_tiles(simd, MANY || S::REGISTER_COUNT >= 32);
    }
}

/// Whether the processor has 32 registers of 8 floats.
#[cfg(target_arch = "x86_64")]
#[inline]
fn avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512vl") && has!("avx512bw") && has!("avx512dq")
}

/// An operation on 8 floats at a time, compiled for 32 registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512vl,avx512bw,avx512dq")]
fn many<O: WithSimd>(simd: pulp::x86::V3, operation: O) -> O::Output {
    operation.with_simd(simd)
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
