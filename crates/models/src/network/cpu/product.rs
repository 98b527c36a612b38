//! Products of gathered rows with a matrix, in tiles that stay in registers.
//!
//! With channels fastest, a convolution is a sum over its taps of products (pixels x inputs) times
//! (inputs x outputs), where each tap reads the rows of other pixels. Rows are taken from where
//! they lie, so no matrix of patches is made ("indirect convolution", Dukhan 2019,
//! arXiv 1907.02129). A tile has 8 to 12 accumulators (Goto & van de Geijn 2008): enough to hide
//! the latency of two units, few enough that 16 registers hold them and what they are made from.

use super::simd::{lanes, vectorised};
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// A row of zeros: outside of the image.
pub(super) const NONE: u32 = u32::MAX;

/// One matrix `[depth, columns]` per tap, in the order in which tiles read it.
#[derive(Debug)]
pub(super) struct Packed {
    depth: usize,
    columns: usize,
    panels: Vec<Panel>,
    values: Vec<f32>,
}

/// Some columns of the matrices.
#[derive(Clone, Copy, Debug)]
struct Panel {
    column: usize,
    vectors: usize,
    offset: usize,
}

/// Columns in panels of two or three vectors, one only if there is no more.
fn panels(columns: usize) -> Vec<(usize, usize)> {
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

impl Packed {
    /// From the entries `weight(tap, row, column)`.
    pub(super) fn new(
        taps: usize,
        depth: usize,
        columns: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let lanes = lanes();
        let mut values = Vec::with_capacity(taps * depth * (columns + 2 * lanes));
        let panels = panels(columns)
            .into_iter()
            .map(|(column, vectors)| {
                let offset = values.len();
                for tap in 0..taps {
                    for row in 0..depth {
                        values.extend((column..column + vectors * lanes).map(|column| {
                            if column < columns { weight(tap, row, column) } else { 0.0 }
                        }));
                    }
                }
                Panel { column, vectors, offset }
            })
            .collect();
        Self { depth, columns, panels, values }
    }
}

/// `out[targets[r]] = sum over t of x[sources[t][r]..] matrix[taps[t]]` for every row r.
pub(super) struct Gathered<'a> {
    /// Numbers, of which rows of the matrices' depth are taken.
    pub(super) x: &'a [f32],
    /// The matrices.
    pub(super) matrix: &'a Packed,
    /// Which of the matrices, in which order.
    pub(super) taps: &'a [usize],
    /// Where rows begin, or [`NONE`], for one tap after the other.
    pub(super) sources: &'a [u32],
    /// How many sources there are for each tap: at least as many as rows.
    pub(super) stride: usize,
    /// Which row of the outputs each row is.
    pub(super) targets: &'a [u32],
    /// Rows of the matrices' columns.
    pub(super) out: &'a mut [f32],
}

impl Gathered<'_> {
    pub(super) fn run(self) {
        vectorised(self);
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

/// Writes vectors as far as they reach.
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

/// `sums[tap][i][o] += sum over r of x[sources[tap][r] + i] g[r][o]`: the gradient of the
/// matrices of [`Gathered`].
pub(super) struct Outer<'a> {
    /// Numbers, of which rows of length `depth` are taken.
    pub(super) x: &'a [f32],
    /// Length of these rows.
    pub(super) depth: usize,
    /// Where rows begin, or [`NONE`], for one tap after the other.
    pub(super) sources: &'a [u32],
    /// How many sources there are for each tap: at least as many as rows.
    pub(super) stride: usize,
    /// Rows of `columns` numbers.
    pub(super) g: &'a [f32],
    /// A multiple of the vectors' length.
    pub(super) columns: usize,
    /// `[taps, depth, columns]`.
    pub(super) sums: &'a mut [f32],
}

/// The rows of x and of g that a block works on, in bytes: they stay in the first cache.
const BLOCK: usize = 20_000;

impl Outer<'_> {
    pub(super) fn run(self) {
        vectorised(self);
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

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
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
                        2 => self.panel::<S, 2>(simd, 6, column, tap, &pairs),
                        _ => self.panel::<S, 3>(simd, 3, column, tap, &pairs),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, factor: f32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * factor).sin()).collect()
    }

    /// Against the sums written out, for widths that fill the vectors and such that do not.
    #[test]
    fn products_are_sums() {
        for (depth, columns, rows, taps) in
            [(1, 8, 1, 1), (5, 3, 7, 2), (8, 16, 13, 1), (24, 40, 30, 3), (11, 57, 9, 4)]
        {
            let x = numbers(20 * depth, 0.7);
            let w = numbers(taps * depth * columns, 0.3);
            let weight = |t: usize, i: usize, o: usize| w[(t * depth + i) * columns + o];
            let sources: Vec<u32> = (0..taps * rows)
                .map(|k| if k % 5 == 3 { NONE } else { ((k * 7) % 20 * depth) as u32 })
                .collect();
            let targets: Vec<u32> = (0..rows as u32).rev().collect();
            let order: Vec<usize> = (0..taps).collect();
            let matrix = Packed::new(taps, depth, columns, weight);
            let mut out = vec![9.0; rows * columns];
            Gathered {
                x: &x,
                matrix: &matrix,
                taps: &order,
                sources: &sources,
                stride: rows,
                targets: &targets,
                out: &mut out,
            }
            .run();
            let source = |t: usize, r: usize| match sources[t * rows + r] {
                NONE => None,
                source => Some(source as usize),
            };
            for r in 0..rows {
                for o in 0..columns {
                    let sum: f32 = (0..taps)
                        .filter_map(|t| Some((t, source(t, r)?)))
                        .map(|(t, s)| (0..depth).map(|i| x[s + i] * weight(t, i, o)).sum::<f32>())
                        .sum();
                    assert!((sum - out[targets[r] as usize * columns + o]).abs() < 1e-4);
                }
            }

            let wide = columns.next_multiple_of(lanes());
            let g = numbers(rows * wide, 1.1);
            let mut sums = vec![1.0; taps * depth * wide];
            Outer {
                x: &x,
                depth,
                sources: &sources,
                stride: rows,
                g: &g,
                columns: wide,
                sums: &mut sums,
            }
            .run();
            for t in 0..taps {
                for i in 0..depth {
                    for o in 0..wide {
                        let sum: f32 = (0..rows)
                            .filter_map(|r| Some(x[source(t, r)? + i] * g[r * wide + o]))
                            .sum();
                        let found = sums[(t * depth + i) * wide + o];
                        assert!((1.0 + sum - found).abs() < 1e-4, "{sum} {found}");
                    }
                }
            }
        }
    }
}
