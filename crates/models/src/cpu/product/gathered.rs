//! Product of gathered rows with matrices.

use super::{NONE, Packed, Panel};
use automl_numeric::vector::vectorized;
use pulp::{Simd, WithSimd};
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

impl Gathered<'_> {
    pub(in crate::cpu) fn run(self) {
        vectorized(self);
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
                let matrix = &matrix[tap * depth * V..][..depth * V];
                for i in 0..depth {
                    let row = &matrix[i * V..][..V];
                    let row: [S::f32s; V] = from_fn(|v| row[v]);
                    for r in 0..R {
                        let x = simd.splat_f32s(lines[r][i]);
                        for v in 0..V {
                            sums[r][v] = simd.mul_add_e_f32s(x, row[v], sums[r][v]);
                        }
                    }
                }
            }
            let targets = &self.targets[first..][..count];
            for (&target, &sums) in targets.iter().zip(&sums) {
                let start = target as usize * self.matrix.columns;
                let out = &mut self.out[start..][..self.matrix.columns][panel.column..];
                store(simd, out, sums);
            }
            first += R;
        }
    }
}

/// Writes vectors as far as `out` reaches.
#[inline(always)]
fn store<S: Simd, const V: usize>(simd: S, out: &mut [f32], sums: [S::f32s; V]) {
    let lanes = S::F32_LANES;
    if out.len() >= V * lanes {
        let (out, _) = S::as_mut_simd_f32s(&mut out[..V * lanes]);
        out.copy_from_slice(&sums);
    } else {
        for (out, sum) in out.chunks_mut(lanes).zip(sums) {
            simd.partial_store_f32s(out, sum);
        }
    }
}

impl WithSimd for Gathered<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let zeros = vec![0.0; self.matrix.depth];
        for panel in &self.matrix.panels {
            match panel.vectors {
                1 => self.sweep::<S, 8, 1>(simd, *panel, &zeros),
                2 => self.sweep::<S, 4, 2>(simd, *panel, &zeros),
                _ => self.sweep::<S, 3, 3>(simd, *panel, &zeros),
            }
        }
    }
}
