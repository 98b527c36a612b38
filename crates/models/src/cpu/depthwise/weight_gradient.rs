//! Gradient of the kernels.

use automl_numeric::vector::vectorized;
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// `sums[down, right] += sum over pixels of x[stride y + d down, stride x + d right] g[y, x]`, per
/// channel, for the dilation d.
pub(super) struct WeightGradient<'a> {
    /// `[vectors, lines, line]`.
    pub(super) x: &'a [f32],
    pub(super) lines: usize,
    pub(super) line: usize,
    /// `[rows, columns, vectors]`.
    pub(super) g: &'a [f32],
    pub(super) columns: usize,
    pub(super) channels: usize,
    pub(super) kernel: usize,
    /// Distance of neighboring taps.
    pub(super) dilation: usize,
    pub(super) stride: usize,
    /// `[taps, vectors]`.
    pub(super) sums: &'a mut [f32],
}

impl WeightGradient<'_> {
    pub(super) fn run(self) {
        vectorized(self);
    }

    /// D lines of taps at once.
    #[inline(always)]
    fn sweep<S: Simd, const K: usize, const STRIDE: usize, const D: usize>(
        &mut self,
        simd: S,
        y: usize,
        first: usize,
    ) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (g, _) = S::as_simd_f32s(self.g);
        let g = &g[y * self.columns * vectors..][..self.columns * vectors];
        let (totals, _) = S::as_mut_simd_f32s(&mut *self.sums);
        for v in 0..vectors {
            let at = |d: usize, k: usize| ((first + d) * K + k) * vectors + v;
            let mut sums: [[S::f32s; K]; D] = from_fn(|d| from_fn(|k| totals[at(d, k)]));
            let top = v * self.lines + y * STRIDE + first;
            let lines: [&[S::f32s]; D] = from_fn(|d| &image[(top + d) * self.line..][..self.line]);
            for (x, &g) in g[v..].iter().step_by(vectors).enumerate() {
                for d in 0..D {
                    let pixels = &lines[d][x * STRIDE..][..K];
                    for k in 0..K {
                        sums[d][k] = simd.mul_add_e_f32s(pixels[k], g, sums[d][k]);
                    }
                }
            }
            for d in 0..D {
                for k in 0..K {
                    totals[at(d, k)] = sums[d][k];
                }
            }
        }
    }

    #[inline(always)]
    fn all<S: Simd, const K: usize, const STRIDE: usize>(&mut self, simd: S) {
        let rows = self.g.len() / (self.columns * self.channels);
        for y in 0..rows {
            if K == 3 {
                self.sweep::<S, K, STRIDE, 3>(simd, y, 0);
            } else {
                for first in (0..K - 1).step_by(2) {
                    self.sweep::<S, K, STRIDE, 2>(simd, y, first);
                }
                self.sweep::<S, K, STRIDE, 1>(simd, y, K - 1);
            }
        }
    }

    /// Any kernel, dilation and stride.
    #[inline(always)]
    fn plain<S: Simd>(self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (g, _) = S::as_simd_f32s(self.g);
        let (sums, _) = S::as_mut_simd_f32s(self.sums);
        for (at, &g) in g.iter().enumerate() {
            let (pixel, v) = (at / vectors, at % vectors);
            let (y, x) = (pixel / self.columns * self.stride, pixel % self.columns * self.stride);
            for tap in 0..self.kernel * self.kernel {
                let (down, right) =
                    (tap / self.kernel * self.dilation, tap % self.kernel * self.dilation);
                let pixel = image[(v * self.lines + y + down) * self.line + x + right];
                let sum = &mut sums[tap * vectors + v];
                *sum = simd.mul_add_e_f32s(pixel, g, *sum);
            }
        }
    }
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match (self.kernel, self.stride) {
            _ if self.dilation > 1 => self.plain(simd),
            (3, 1) => self.all::<S, 3, 1>(simd),
            (3, 2) => self.all::<S, 3, 2>(simd),
            (5, 1) => self.all::<S, 5, 1>(simd),
            (5, 2) => self.all::<S, 5, 2>(simd),
            _ => self.plain(simd),
        }
    }
}
