//! Products of gathered rows with a matrix, in tiles that stay in registers.
//!
//! With channels fastest, a convolution is a sum over its taps of products (pixels x inputs) times
//! (inputs x outputs), where each tap reads the rows of other pixels. Rows are taken from where
//! they lie, so no matrix of patches is made ("indirect convolution", Dukhan 2019,
//! arXiv 1907.02129). A tile has 8 to 12 accumulators (Goto & van de Geijn 2008): enough to hide
//! the latency of two units, few enough that 16 registers hold them and what they are made from;
//! where there are 32, up to 24. An output's sum has one order, whatever the tile.

mod gathered;
mod outer;

use super::buffer::Buffer;
use automl_numeric::vector::{lanes, panels};

pub(super) use gathered::Gathered;
pub(super) use outer::Outer;

/// Source of a row of zeros: outside the image.
pub(super) const NONE: u32 = u32::MAX;

/// One matrix `[depth, columns]` per tap, in the order in which tiles read it.
#[derive(Debug)]
pub(super) struct Packed {
    depth: usize,
    columns: usize,
    panels: Vec<Panel>,
    values: Buffer,
}

/// Panel of columns of the matrices.
#[derive(Clone, Copy, Debug)]
struct Panel {
    column: usize,
    vectors: usize,
    offset: usize,
}

impl Packed {
    /// Packs the entries `weight(tap, row, column)`.
    pub(super) fn new(
        taps: usize,
        depth: usize,
        columns: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let lanes = lanes();
        let mut values = Buffer::new(taps * depth * columns.next_multiple_of(lanes));
        let mut offset = 0;
        let panels = panels(columns).into_iter().map(|(column, vectors)| {
            let wide = vectors * lanes;
            let panel = Panel { column, vectors, offset };
            offset += taps * depth * wide;
            let rows = values[panel.offset..offset].chunks_exact_mut(wide);
            for (at, row) in rows.enumerate() {
                let (tap, at) = (at / depth, at % depth);
                for (value, column) in row.iter_mut().zip(column..) {
                    *value = if column < columns { weight(tap, at, column) } else { 0.0 };
                }
            }
            panel
        });
        let panels = panels.collect();
        Self { depth, columns, panels, values }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gathered, NONE, Outer, Packed, lanes};
    use automl_numeric::vector::{Tiled, vectorized};
    use pulp::{Simd, WithSimd};

    /// An operation with the tiles for 32 registers or for 16, whatever the processor has.
    struct WithTiles<O>(O, bool);

    impl<O: Tiled> WithSimd for WithTiles<O> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            self.0.with_tiles(simd, self.1);
        }
    }

    fn numbers(count: usize, factor: f32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * factor).sin()).collect()
    }

    /// Against the sums written out, for widths that fill the vectors and such that do not; to the
    /// bit the same with tiles of both sizes.
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
            let product = |many| {
                let mut out = vec![9.0; rows * columns];
                let gathered = Gathered {
                    x: &x,
                    matrix: &matrix,
                    taps: &order,
                    sources: &sources,
                    stride: rows,
                    targets: &targets,
                    out: &mut out,
                };
                vectorized(WithTiles(gathered, many));
                out
            };
            let out = product(true);
            assert_eq!(out, product(false));
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
            let gradient = |many| {
                let mut sums = vec![1.0; taps * depth * wide];
                let outer = Outer {
                    x: &x,
                    depth,
                    sources: &sources,
                    stride: rows,
                    g: &g,
                    columns: wide,
                    sums: &mut sums,
                };
                vectorized(WithTiles(outer, many));
                sums
            };
            let sums = gradient(true);
            assert_eq!(sums, gradient(false));
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
