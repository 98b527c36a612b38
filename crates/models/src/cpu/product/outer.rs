//! Gradient of the matrices of a product.

use super::{NONE, panels};
use automl_numeric::vector::{Tiled, tiled};
use pulp::Simd;
use std::array::from_fn;

/// `sums[tap][i][o] += sum over r of x[sources[tap][r] + i] g[r][o]`: the gradient of the
/// matrices of [`Gathered`].
pub(in crate::cpu) struct Outer<'a> {
    /// Values, of which rows of length `depth` are taken.
    pub(in crate::cpu) x: &'a [f32],
    /// Length of these rows.
    pub(in crate::cpu) depth: usize,
    /// Start of each row, or [`NONE`], for one tap after the other.
    pub(in crate::cpu) sources: &'a [u32],
    /// Number of sources of each tap, at least that of the rows.
    pub(in crate::cpu) stride: usize,
    /// Rows of `columns` numbers.
    pub(in crate::cpu) g: &'a [f32],
    /// A multiple of the vectors' length.
    pub(in crate::cpu) columns: usize,
    /// `[taps, depth, columns]`.
    pub(in crate::cpu) sums: &'a mut [f32],
}

/// The rows of x and of g that a block works on, in bytes: they stay in the first cache.
const BLOCK: usize = 20_000;

impl Outer<'_> {
    pub(in crate::cpu) fn run(self) {
        tiled(self);
    }

    /// One panel of one tap.
    #[inline(always)]
    fn panel<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        most: usize,
        column: usize,
        tap: usize,
        pairs: &[(u32, u32)],
    ) {
        let tiles = self.depth.div_ceil(most);
        let mut first = 0;
        for tile in 0..tiles {
            let end = self.depth * (tile + 1) / tiles;
            let at = (tap * self.depth + first, first, column);
            match end - first {
                1 => self.tile::<S, 1, V>(simd, at, pairs),
                2 => self.tile::<S, 2, V>(simd, at, pairs),
                3 => self.tile::<S, 3, V>(simd, at, pairs),
                4 => self.tile::<S, 4, V>(simd, at, pairs),
                5 => self.tile::<S, 5, V>(simd, at, pairs),
                6 => self.tile::<S, 6, V>(simd, at, pairs),
                7 => self.tile::<S, 7, V>(simd, at, pairs),
                _ => self.tile::<S, 8, V>(simd, at, pairs),
            }
            first = end;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        (row, i, column): (usize, usize, usize),
        pairs: &[(u32, u32)],
    ) {
        let wide = V * S::F32_LANES;
        let stride = self.columns;
        let load = |line: &[f32]| -> [S::f32s; V] {
            let (line, _) = S::as_simd_f32s(&line[..wide]);
            from_fn(|v| line[v])
        };
        let sums = &mut self.sums[row * stride..][..R * stride];
        let mut tile: [[S::f32s; V]; R] = from_fn(|r| load(&sums[r * stride + column..]));
        let (x, g) = (&self.x[i..], &self.g[column..]);
        for &(source, target) in pairs {
            let x = &x[source as usize..][..R];
            let g = load(&g[target as usize..]);
            for r in 0..R {
                let x = simd.splat_f32s(x[r]);
                for v in 0..V {
                    tile[r][v] = simd.mul_add_e_f32s(x, g[v], tile[r][v]);
                }
            }
        }
        for (line, tile) in sums.chunks_exact_mut(stride).zip(&tile) {
            let (line, _) = S::as_mut_simd_f32s(&mut line[column..][..wide]);
            line.copy_from_slice(tile);
        }
    }
}

impl Tiled for Outer<'_> {
    #[inline(always)]
    fn with_tiles<S: Simd>(mut self, simd: S, many: bool) {
        let (two, three) = if many { (8, 8) } else { (6, 3) };
        let rows = self.g.len() / self.columns;
        let taps = self.sources.len() / self.stride.max(1);
        let block = (BLOCK / (4 * (self.depth + self.columns))).clamp(24, 256);
        let panels = panels(self.columns);
        let mut pairs = Vec::with_capacity(block);
        for first in (0..rows).step_by(block) {
            let end = rows.min(first + block);
            for tap in 0..taps {
                let sources = &self.sources[tap * self.stride..][first..end];
                pairs.clear();
                pairs.extend(
                    sources
                        .iter()
                        .zip(first..)
                        .filter(|(source, _)| **source != NONE)
                        .map(|(&source, row)| (source, (row * self.columns) as u32)),
                );
                for &(column, vectors) in &panels {
                    match vectors {
                        1 => self.panel::<S, 1>(simd, 8, column, tap, &pairs),
                        2 => self.panel::<S, 2>(simd, two, column, tap, &pairs),
                        _ => self.panel::<S, 3>(simd, three, column, tap, &pairs),
                    }
                }
            }
        }
    }
}
