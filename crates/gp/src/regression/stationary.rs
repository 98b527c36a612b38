//! Stationary kernels with automatic relevance determination.

mod gradient;
mod sums;

use super::{Column, Distance, KernelFamily};
use nalgebra::DMatrix;

/// `m(r)` with `r^2 = sum_c distance_c(x_c, x'_c) / length_{scale(c)}^2`, see
/// [`Kernel::new`](super::Kernel::new).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stationary {
    family: KernelFamily,
    columns: Vec<Column>,
    scales: usize,
}

/// Weights that length scales determine: an inverse squared length for each column, and for
/// embedded choices the table of squared distances and the coordinates.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    columns: Vec<f64>,
    tables: Vec<Vec<f64>>,
    points: Vec<f64>,
}

/// The row of an embedding's table for an index.
#[inline(always)]
fn slot(value: f64, choices: usize) -> usize {
    if value >= 0.0 { (value as usize).min(choices - 1) } else { choices - 1 }
}

impl Stationary {
    pub(crate) fn new(family: KernelFamily, columns: Vec<Column>) -> Self {
        let at_least_one = |column: Column| match column.distance {
            Distance::Embedded { choices } => {
                Column { distance: Distance::Embedded { choices: choices.max(1) }, ..column }
            }
            Distance::Square | Distance::Hamming => column,
        };
        let columns: Vec<Column> = columns.into_iter().map(at_least_one).collect();
        let last = |c: &Column| match c.distance {
            Distance::Embedded { choices } => c.scale + 2 * choices,
            Distance::Square | Distance::Hamming => c.scale + 1,
        };
        let scales = columns.iter().map(last).max().unwrap_or(0);
        Self { family, columns, scales }
    }

    pub(crate) fn with_family(&self, family: KernelFamily) -> Self {
        Self { family, ..self.clone() }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of length scales and coordinates of embeddings.
    pub(crate) fn scales(&self) -> usize {
        self.scales
    }

    /// The weights for these length scales. `[scales]`
    pub(crate) fn weights(&self, lengths: &[f64]) -> Weights {
        let columns = self.columns.iter().map(|c| 1.0 / (lengths[c.scale] * lengths[c.scale]));
        let tables = self.columns.iter().map(|c| {
            let Distance::Embedded { choices } = c.distance else { return Vec::new() };
            let at = |k: usize| lengths[c.scale + k].ln();
            let apart = |a: usize, b: usize| {
                (at(2 * a) - at(2 * b)).powi(2) + (at(2 * a + 1) - at(2 * b + 1)).powi(2)
            };
            (0..choices * choices).map(|k| apart(k / choices, k % choices)).collect()
        });
        let points = if self.columns.iter().any(|c| matches!(c.distance, Distance::Embedded { .. }))
        {
            lengths.iter().map(|l| l.ln()).collect()
        } else {
            Vec::new()
        };
        Weights { columns: columns.collect(), tables: tables.collect(), points }
    }

    /// Writes squared scaled distances of `row` to the rows `from..` of `x`. `[n - from]`
    #[inline(always)]
    fn distances(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        from: usize,
        row: &[f64],
        out: &mut [f64],
    ) {
        out.fill(0.0);
        let n = x.nrows();
        for (c, column) in self.columns.iter().enumerate() {
            let values = &x.as_slice()[c * n + from..(c + 1) * n];
            let (own, weight) = (row[c], weights.columns[c]);
            match column.distance {
                Distance::Square => {
                    for (o, v) in out.iter_mut().zip(values) {
                        let d = v - own;
                        *o += weight * d * d;
                    }
                }
                Distance::Hamming => {
                    for (o, v) in out.iter_mut().zip(values) {
                        *o += if *v == own { 0.0 } else { weight };
                    }
                }
                Distance::Embedded { choices } => {
                    let table = &weights.tables[c][slot(own, choices) * choices..];
                    for (o, v) in out.iter_mut().zip(values) {
                        *o += table[slot(*v, choices)];
                    }
                }
            }
        }
    }

    /// Writes the correlations of `row` with the rows `from..` of `x`. `[n - from]`
    #[inline(always)]
    pub(crate) fn correlations(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        from: usize,
        row: &[f64],
        out: &mut [f64],
    ) {
        self.distances(weights, x, from, row, out);
        macro_rules! each {
            ($family:expr) => {
                out.iter_mut().for_each(|r| *r = $family.correlation(*r).0)
            };
        }
        // One loop for each family, so that each is vectorized.
        match self.family {
            KernelFamily::Matern12 => each!(KernelFamily::Matern12),
            KernelFamily::Matern32 => each!(KernelFamily::Matern32),
            KernelFamily::Matern52 => each!(KernelFamily::Matern52),
            KernelFamily::Rbf => each!(KernelFamily::Rbf),
        }
    }
}
