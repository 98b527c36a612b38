//! Kernels with precomputed weights: gradients in length scales and features.

use super::prepared::{PreparedKernel, column};
use automl_numeric::linalg::dot;
use automl_numeric::simd::vectorized;
use nalgebra::DMatrix;

impl PreparedKernel<'_> {
    /// Adds `sum_{i >= j} w_ij dshape(x_i, x_j) / dlog(length_s)` to `gradient[s]`, for a lower
    /// triangle `w` `[n, n]`.
    pub(crate) fn backpropagate_lengths(
        &self,
        x: &DMatrix<f64>,
        w: &DMatrix<f64>,
        gradient: &mut [f64],
    ) {
        let n = x.nrows();
        match self {
            Self::Stationary(s, weights) => {
                vectorized(|| s.backpropagate_lengths(weights, x, w, gradient))
            }
            Self::Linear { columns, center, weights } => {
                for &(c, scale) in *columns {
                    let values = column(x, c, 0);
                    let sum: f64 = (0..n)
                        .map(|j| {
                            let w = &w.as_slice()[j * n + j..(j + 1) * n];
                            let inner: f64 =
                                w.iter().zip(&values[j..]).map(|(w, v)| w * (v - center)).sum();
                            inner * (values[j] - center)
                        })
                        .sum();
                    gradient[scale] -= 2.0 * weights[scale] * sum;
                }
            }
            Self::Sum { parts, first, weight } => {
                let (one, two) = gradient.split_at_mut(*first);
                let last = two.len() - 1;
                parts.0.backpropagate_lengths(x, w, one);
                parts.1.backpropagate_lengths(x, &(w * *weight), &mut two[..last]);
                let second = parts.1.matrix(x);
                two[last] += weight * lower_dot(&second, w);
            }
            Self::Product { parts, first } => {
                let (one, two) = gradient.split_at_mut(*first);
                parts.0.backpropagate_lengths(x, &parts.1.matrix(x).component_mul(w), one);
                parts.1.backpropagate_lengths(x, &parts.0.matrix(x).component_mul(w), two);
            }
        }
    }

    /// Writes `sum_i w_i dshape(x_i, row) / drow_c` for each list of weights `w` `[n]`; zero for
    /// columns of categories. `[lists, columns]`
    pub(crate) fn backpropagate_row(
        &self,
        x: &DMatrix<f64>,
        row: &[f64],
        lists: &[&[f64]],
        out: &mut [Vec<f64>],
    ) {
        match self {
            Self::Stationary(s, weights) => {
                vectorized(|| s.backpropagate_row(weights, x, row, lists, out))
            }
            Self::Linear { columns, center, weights } => {
                for (w, out) in lists.iter().zip(out) {
                    out.fill(0.0);
                    for &(c, scale) in *columns {
                        let values = column(x, c, 0);
                        let sum: f64 = w.iter().zip(values).map(|(w, v)| w * (v - center)).sum();
                        out[c] += weights[scale] * sum;
                    }
                }
            }
            Self::Sum { parts, weight, .. } => {
                let mut second = out.to_vec();
                parts.0.backpropagate_row(x, row, lists, out);
                parts.1.backpropagate_row(x, row, lists, &mut second);
                for (o, s) in out.iter_mut().zip(second) {
                    o.iter_mut().zip(s).for_each(|(o, s)| *o += weight * s);
                }
            }
            Self::Product { parts, .. } => {
                let n = lists.first().map_or(0, |w| w.len());
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
                parts.0.correlations(x, 0, row, &mut a);
                parts.1.correlations(x, 0, row, &mut b);
                let times = |k: &[f64]| -> Vec<Vec<f64>> {
                    lists.iter().map(|w| w.iter().zip(k).map(|(w, k)| w * k).collect()).collect()
                };
                let (with_b, with_a) = (times(&b), times(&a));
                let mut second = out.to_vec();
                let refs: Vec<&[f64]> = with_b.iter().map(Vec::as_slice).collect();
                parts.0.backpropagate_row(x, row, &refs, out);
                let refs: Vec<&[f64]> = with_a.iter().map(Vec::as_slice).collect();
                parts.1.backpropagate_row(x, row, &refs, &mut second);
                for (o, s) in out.iter_mut().zip(second) {
                    o.iter_mut().zip(s).for_each(|(o, s)| *o += s);
                }
            }
        }
    }

    /// Adds `weight` times the derivatives of [`PreparedKernel::diagonal`] to `out`. `[columns]`
    pub(crate) fn backpropagate_diagonal(&self, row: &[f64], weight: f64, out: &mut [f64]) {
        match self {
            Self::Stationary(..) => {}
            Self::Linear { columns, center, weights } => {
                for &(c, s) in *columns {
                    out[c] += weight * 2.0 * weights[s] * (row[c] - center);
                }
            }
            Self::Sum { parts, weight: share, .. } => {
                parts.0.backpropagate_diagonal(row, weight, out);
                parts.1.backpropagate_diagonal(row, weight * share, out);
            }
            Self::Product { parts, .. } => {
                parts.0.backpropagate_diagonal(row, weight * parts.1.diagonal(row), out);
                parts.1.backpropagate_diagonal(row, weight * parts.0.diagonal(row), out);
            }
        }
    }
}

/// The sum of the products of two lower triangles. `[n, n]`
fn lower_dot(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let n = a.nrows();
    let part = |j: usize| j * n + j..(j + 1) * n;
    (0..n).map(|j| dot(&a.as_slice()[part(j)], &b.as_slice()[part(j)])).sum()
}
