//! Images within a border of zeros.

use automl_numeric::vector::vectorized;
use pulp::{Simd, WithSimd};

/// Copy of an image `[rows, columns, vectors]` to `[vectors, lines, line]`: one vector of channels
/// after the other, pixels `step` apart from `(top, left)` on. Pixels outside are left out.
pub(super) struct Scatter<'a> {
    pub(super) x: &'a [f32],
    pub(super) columns: usize,
    pub(super) channels: usize,
    pub(super) out: &'a mut [f32],
    pub(super) lines: usize,
    pub(super) line: usize,
    pub(super) step: usize,
    pub(super) top: isize,
    pub(super) left: isize,
}

impl Scatter<'_> {
    pub(super) fn run(self) {
        vectorized(self);
    }
}

impl WithSimd for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (x, _) = S::as_simd_f32s(self.x);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let plane = self.lines * self.line;
        let place = |at: usize, first: isize, side: usize| {
            let to = (at * self.step).checked_add_signed(first)?;
            Some(to).filter(|&to| to < side)
        };
        for (y, row) in x.chunks_exact(self.columns * vectors).enumerate() {
            let Some(y) = place(y, self.top, self.lines) else { continue };
            for (x, pixel) in row.chunks_exact(vectors).enumerate() {
                let Some(x) = place(x, self.left, self.line) else { continue };
                let at = y * self.line + x;
                for (v, &vector) in pixel.iter().enumerate() {
                    out[v * plane + at] = vector;
                }
            }
        }
    }
}
