//! Correlation of each channel with its kernel.

use automl_numeric::vector::vectorized;
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// `out[y, x] = sum over taps of x[stride y + d down, stride x + d right] weights[down, right]`,
/// per channel, for the dilation d.
pub(super) struct Correlate<'a> {
    /// `[vectors, lines, line]`.
    pub(super) x: &'a [f32],
    pub(super) lines: usize,
    pub(super) line: usize,
    /// `[taps, vectors]`.
    pub(super) weights: &'a [f32],
    /// `[rows, columns, vectors]`.
    pub(super) out: &'a mut [f32],
    pub(super) columns: usize,
    pub(super) channels: usize,
    pub(super) kernel: usize,
    /// Distance of neighboring taps.
    pub(super) dilation: usize,
    pub(super) stride: usize,
}

impl Correlate<'_> {
    pub(super) fn run(self) {
        vectorized(self);
    }

    #[inline(always)]
    fn sweep<S: Simd, const K: usize, const STRIDE: usize>(self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (weights, _) = S::as_simd_f32s(self.weights);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        for (y, out) in out.chunks_exact_mut(self.columns * vectors).enumerate() {
            for v in 0..vectors {
                let taps: [[S::f32s; K]; K] =
                    from_fn(|down| from_fn(|right| weights[(down * K + right) * vectors + v]));
                let first = (v * self.lines + y * STRIDE) * self.line;
                let lines: [&[S::f32s]; K] =
                    from_fn(|down| &image[first + down * self.line..][..self.line]);
                let mut x = 0;
                // The taps of a small kernel stay in registers: pixels one by one, which the
                // processor overlaps. Of a large one pixels are read once for four outputs.
                while x < self.columns {
                    match self.columns - x {
                        4.. if K > 3 => {
                            tile::<S, K, STRIDE, 4>(simd, &lines, &taps, x, out, vectors, v);
                            x += 4;
                        }
                        _ => {
                            tile::<S, K, STRIDE, 1>(simd, &lines, &taps, x, out, vectors, v);
                            x += 1;
                        }
                    }
                }
            }
        }
    }

    /// Any kernel, dilation and stride.
    #[inline(always)]
    fn plain<S: Simd>(self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (weights, _) = S::as_simd_f32s(self.weights);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        for (at, out) in out.iter_mut().enumerate() {
            let (pixel, v) = (at / vectors, at % vectors);
            let (y, x) = (pixel / self.columns * self.stride, pixel % self.columns * self.stride);
            let mut sum = simd.splat_f32s(0.0);
            for tap in 0..self.kernel * self.kernel {
                let (down, right) =
                    (tap / self.kernel * self.dilation, tap % self.kernel * self.dilation);
                let pixel = image[(v * self.lines + y + down) * self.line + x + right];
                sum = simd.mul_add_e_f32s(pixel, weights[tap * vectors + v], sum);
            }
            *out = sum;
        }
    }
}

/// T pixels in a row of one vector of channels.
#[inline(always)]
fn tile<S: Simd, const K: usize, const STRIDE: usize, const T: usize>(
    simd: S,
    lines: &[&[S::f32s]; K],
    taps: &[[S::f32s; K]; K],
    x: usize,
    out: &mut [S::f32s],
    vectors: usize,
    v: usize,
) {
    let mut sums = [simd.splat_f32s(0.0); T];
    for down in 0..K {
        let pixels = &lines[down][x * STRIDE..][..(T - 1) * STRIDE + K];
        for (j, &pixel) in pixels.iter().enumerate() {
            for t in 0..T {
                if j >= t * STRIDE && j - t * STRIDE < K {
                    sums[t] = simd.mul_add_e_f32s(pixel, taps[down][j - t * STRIDE], sums[t]);
                }
            }
        }
    }
    for (t, sum) in sums.into_iter().enumerate() {
        out[(x + t) * vectors + v] = sum;
    }
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.kernel, self.stride) {
            _ if self.dilation > 1 => self.plain(simd),
            (3, 1) => self.sweep::<S, 3, 1>(simd),
            (3, 2) => self.sweep::<S, 3, 2>(simd),
            (5, 1) => self.sweep::<S, 5, 1>(simd),
            (5, 2) => self.sweep::<S, 5, 2>(simd),
            _ => self.plain(simd),
        }
    }
}
