//! Kernels with precomputed weights: values.

use super::{Kernel, Shape};
use crate::regression::stationary::{Stationary, Weights};
use automl_numeric::simd::vectorized;
use nalgebra::DMatrix;

/// A kernel with the weights that its length scales determine.
#[derive(Clone, Debug)]
pub(crate) enum PreparedKernel<'a> {
    Stationary(&'a Stationary, Weights),
    Linear { columns: &'a [(usize, usize)], center: f64, weights: Vec<f64> },
    Sum { parts: Box<(PreparedKernel<'a>, PreparedKernel<'a>)>, first: usize, weight: f64 },
    Product { parts: Box<(PreparedKernel<'a>, PreparedKernel<'a>)>, first: usize },
}

impl Kernel {
    /// The kernel with these scales. `[scales]`
    pub(crate) fn prepare(&self, lengths: &[f64]) -> PreparedKernel<'_> {
        let lengths = &lengths[..self.scales - self.warping.len()];
        let parts = |a: &'_ Kernel| (lengths[..a.scales].to_vec(), lengths[a.scales..].to_vec());
        match &self.shape {
            Shape::Stationary(s) => PreparedKernel::Stationary(s, s.weights(lengths)),
            Shape::Linear { columns, center } => {
                let weights = lengths.iter().map(|l| 1.0 / (l * l)).collect();
                PreparedKernel::Linear { columns, center: *center, weights }
            }
            Shape::Sum(a, b) => {
                let (first, second) = parts(a);
                let weight = second.last().copied().unwrap_or(1.0);
                let parts = Box::new((a.prepare(&first), b.prepare(&second)));
                PreparedKernel::Sum { parts, first: a.scales, weight }
            }
            Shape::Product(a, b) => {
                let (first, second) = parts(a);
                PreparedKernel::Product {
                    parts: Box::new((a.prepare(&first), b.prepare(&second))),
                    first: a.scales,
                }
            }
        }
    }
}

impl PreparedKernel<'_> {
    /// Writes the shape at `row` and each of the rows `from..` of `x`. `[n - from]`
    pub(crate) fn correlations(&self, x: &DMatrix<f64>, from: usize, row: &[f64], out: &mut [f64]) {
        match self {
            Self::Stationary(s, weights) => {
                vectorized(|| s.correlations(weights, x, from, row, out))
            }
            Self::Linear { columns, center, weights } => {
                out.fill(0.0);
                for &(c, scale) in *columns {
                    let factor = weights[scale] * (row[c] - center);
                    let values = column(x, c, from);
                    out.iter_mut().zip(values).for_each(|(k, v)| *k += factor * (v - center));
                }
            }
            Self::Sum { parts, weight, .. } => {
                let mut second = vec![0.0; out.len()];
                parts.0.correlations(x, from, row, out);
                parts.1.correlations(x, from, row, &mut second);
                out.iter_mut().zip(second).for_each(|(k, v)| *k += weight * v);
            }
            Self::Product { parts, .. } => {
                let mut second = vec![0.0; out.len()];
                parts.0.correlations(x, from, row, out);
                parts.1.correlations(x, from, row, &mut second);
                out.iter_mut().zip(second).for_each(|(k, v)| *k *= v);
            }
        }
    }

    /// The shape at a row and itself.
    pub(crate) fn diagonal(&self, row: &[f64]) -> f64 {
        match self {
            Self::Stationary(..) => 1.0,
            Self::Linear { columns, center, weights } => {
                columns.iter().map(|&(c, s)| weights[s] * (row[c] - center).powi(2)).sum()
            }
            Self::Sum { parts, weight, .. } => {
                parts.0.diagonal(row) + weight * parts.1.diagonal(row)
            }
            Self::Product { parts, .. } => parts.0.diagonal(row) * parts.1.diagonal(row),
        }
    }

    /// The lower triangle of the shape at the rows of `x`. `[n, n]`
    pub(crate) fn matrix(&self, x: &DMatrix<f64>) -> DMatrix<f64> {
        let n = x.nrows();
        let mut k = DMatrix::zeros(n, n);
        self.fill(x, &mut k);
        k
    }

    /// Writes the lower triangle of the shape at the rows of `x`. `[n, n]`
    pub(crate) fn fill(&self, x: &DMatrix<f64>, k: &mut DMatrix<f64>) {
        let n = x.nrows();
        let mut row = vec![0.0; x.ncols()];
        for i in 0..n {
            row.iter_mut().enumerate().for_each(|(c, v)| *v = x[(i, c)]);
            self.correlations(x, i, &row, &mut k.as_mut_slice()[i * n + i..(i + 1) * n]);
        }
    }
}

/// Column `c` of `x` from row `from` on. `[n - from]`
pub(super) fn column(x: &DMatrix<f64>, c: usize, from: usize) -> &[f64] {
    let n = x.nrows();
    &x.as_slice()[c * n + from..(c + 1) * n]
}
