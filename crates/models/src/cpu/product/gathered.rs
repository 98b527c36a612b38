//! Product of gathered rows with matrices.

use super::{NONE, Packed, Panel};
use automl_numeric::vector::{Tiled, tiled};
use pulp::Simd;
use std::array::from_fn;

/// `out[targets[r]] = sum over t of x[sources[t][r]..] matrix[taps[t]]` for every row r.
pub(in crate::cpu) struct Gathered<'a> {
    /// Values, of which rows of the matrices' depth are taken.
    pub(in crate::cpu) x: &'a [f32],
    /// The matrices.
    pub(in crate::cpu) matrix: &'a Packed,
    /// Indexes of the matrices, in the order of the sum.
    pub(in crate::cpu) taps: &'a [usize],
    /// Start of each row, or [`NONE`], for one tap after the other.
    pub(in crate::cpu) sources: &'a [u32],
    /// Number of sources of each tap, at least that of the rows.
    pub(in crate::cpu) stride: usize,
    /// Index of each row among the outputs.
    pub(in crate::cpu) targets: &'a [u32],
    /// Rows of the matrices' columns.
    pub(in crate::cpu) out: &'a mut [f32],
}

/// Terms of the sums between two checks of the lines' lengths.
const BLOCK: usize = 4;

impl Gathered<'_> {
    pub(in crate::cpu) fn run(self) {
        tiled(self);
    }

    #[inline(always)]
    fn sweep<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        panel: Panel,
        zeros: &[f32],
    ) {
        let (rows, depth) = (self.targets.len(), self.matrix.depth);
        let (matrix, _) = S::as_simd_f32s(&self.matrix.values[panel.offset..]);
        let mut first = 0;
        while first < rows {
            let count = R.min(rows - first);
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            for (t, &tap) in self.taps.iter().enumerate() {
                let sources = &self.sources[t * self.stride + first..][..count];
                if sources.iter().all(|&source| source == NONE) {
                    continue;
                }
                let lines: [&[f32]; R] = from_fn(|r| match sources.get(r) {
                    Some(&source) if source != NONE => &self.x[source as usize..][..depth],
                    _ => &zeros[..depth],
                });
                let matrix = &matrix.as_chunks::<V>().0[tap * depth..][..depth];
                let (blocks, rest) = matrix.as_chunks::<BLOCK>();
                for (at, rows) in blocks.iter().enumerate() {
                    let lines = from_fn(|r| &lines[r].as_chunks::<BLOCK>().0[at]);
                    add(simd, lines, rows, &mut sums);
                }
                for (at, row) in (depth - rest.len()..).zip(rest) {
                    add(simd, from_fn(|r| &lines[r].as_chunks::<1>().0[at]), &[*row], &mut sums);
                }
            }
            self.put(simd, first, panel.column, sums);
            first += R;
        }
    }

    /// Writes the sums of a tile.
    #[inline(always)]
    fn put<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        first: usize,
        column: usize,
        sums: [[S::f32s; V]; R],
    ) {
        let columns = self.matrix.columns;
        let start = |target: u32| target as usize * columns + column;
        let whole = column + V * S::F32_LANES <= columns;
        if let (true, Some(targets)) = (whole, self.targets[first..].first_chunk::<R>()) {
            for (&target, sums) in targets.iter().zip(&sums) {
                let out = &mut self.out[start(target)..][..V * S::F32_LANES];
                S::as_mut_simd_f32s(out).0.copy_from_slice(sums);
            }
        } else {
            // A copy: only what no variable indexes stays in registers.
            let sums: [[S::f32s; V]; R] = from_fn(|r| from_fn(|v| sums[r][v]));
            for (&target, sums) in self.targets[first..].iter().zip(&sums) {
                let out =
                    &mut self.out[start(target)..][..(columns - column).min(V * S::F32_LANES)];
                for (out, &sum) in out.chunks_mut(S::F32_LANES).zip(sums) {
                    simd.partial_store_f32s(out, sum);
                }
            }
        }
    }
}

/// Adds the products of parts of R lines with D rows of a matrix.
#[inline(always)]
fn add<S: Simd, const R: usize, const V: usize, const D: usize>(
    simd: S,
    lines: [&[f32; D]; R],
    rows: &[[S::f32s; V]; D],
    sums: &mut [[S::f32s; V]; R],
) {
    for d in 0..D {
        for r in 0..R {
            let x = simd.splat_f32s(lines[r][d]);
            for v in 0..V {
                sums[r][v] = simd.mul_add_e_f32s(x, rows[d][v], sums[r][v]);
            }
        }
    }
}

impl Tiled for Gathered<'_> {
    #[inline(always)]
    fn with_tiles<S: Simd>(mut self, simd: S, many: bool) {
        let zeros = vec![0.0; self.matrix.depth];
        for panel in &self.matrix.panels {
            match (panel.vectors, many) {
                (1, _) => self.sweep::<S, 8, 1>(simd, *panel, &zeros),
                (2, false) => self.sweep::<S, 4, 2>(simd, *panel, &zeros),
                (2, true) => self.sweep::<S, 8, 2>(simd, *panel, &zeros),
                (_, false) => self.sweep::<S, 3, 3>(simd, *panel, &zeros),
                (_, true) => self.sweep::<S, 8, 3>(simd, *panel, &zeros),
            }
        }
    }
}
