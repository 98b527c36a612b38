//! Gradients of stationary kernels.

use super::sums::{weighted_differences, weighted_squares};
use super::{Stationary, Weights, slot};
use crate::regression::{Distance, KernelFamily};
use nalgebra::DMatrix;

impl Stationary {
    /// Replaces squared distances by the derivatives of the correlation in them.
    #[inline(always)]
    fn slopes(&self, r2: &mut [f64]) {
        macro_rules! each {
            ($family:expr) => {
                r2.iter_mut().for_each(|r| *r = $family.correlation(*r).1)
            };
        }
        match self.family {
            KernelFamily::Matern12 => each!(KernelFamily::Matern12),
            KernelFamily::Matern32 => each!(KernelFamily::Matern32),
            KernelFamily::Matern52 => each!(KernelFamily::Matern52),
            KernelFamily::Rbf => each!(KernelFamily::Rbf),
        }
    }

    /// As [`PreparedKernel::backpropagate_lengths`](crate::regression::kernel::PreparedKernel).
    #[inline(always)]
    pub(crate) fn backpropagate_lengths(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        w: &DMatrix<f64>,
        gradient: &mut [f64],
    ) {
        let n = x.nrows();
        let mut row = vec![0.0; self.columns.len()];
        let mut slopes = vec![0.0; n];
        for i in 0..n {
            row.iter_mut().enumerate().for_each(|(c, v)| *v = x[(i, c)]);
            let slopes = &mut slopes[i..];
            self.distances(weights, x, i, &row, slopes);
            self.slopes(slopes);
            let w = &w.as_slice()[i * n + i..(i + 1) * n];
            slopes.iter_mut().zip(w).for_each(|(s, w)| *s *= w);
            for (c, column) in self.columns.iter().enumerate() {
                let values = &x.as_slice()[c * n + i..(c + 1) * n];
                let here = row[c];
                match column.distance {
                    Distance::Square => {
                        let sum = weighted_squares(slopes, values, here);
                        gradient[column.scale] -= 2.0 * weights.columns[c] * sum;
                    }
                    Distance::Hamming => {
                        let of = |(s, v): (&f64, &f64)| if *v == here { 0.0 } else { *s };
                        let sum: f64 = slopes.iter().zip(values).map(of).sum();
                        gradient[column.scale] -= 2.0 * weights.columns[c] * sum;
                    }
                    Distance::Embedded { choices } => {
                        let a = column.scale + 2 * slot(here, choices);
                        for (s, v) in slopes.iter().zip(values) {
                            let b = column.scale + 2 * slot(*v, choices);
                            for k in 0..2 {
                                let d = 2.0 * s * (weights.points[a + k] - weights.points[b + k]);
                                gradient[a + k] += d;
                                gradient[b + k] -= d;
                            }
                        }
                    }
                }
            }
        }
    }

    /// As [`PreparedKernel::backpropagate_row`](crate::regression::kernel::PreparedKernel).
    #[inline(always)]
    pub(crate) fn backpropagate_row(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        row: &[f64],
        lists: &[&[f64]],
        out: &mut [Vec<f64>],
    ) {
        let n = x.nrows();
        let mut slopes = vec![0.0; n];
        self.distances(weights, x, 0, row, &mut slopes);
        self.slopes(&mut slopes);
        for (w, out) in lists.iter().zip(out) {
            let weighted: Vec<f64> = slopes.iter().zip(*w).map(|(s, w)| s * w).collect();
            for (c, column) in self.columns.iter().enumerate() {
                out[c] = if column.distance == Distance::Square {
                    let values = &x.as_slice()[c * n..(c + 1) * n];
                    2.0 * weights.columns[c] * weighted_differences(&weighted, values, row[c])
                } else {
                    0.0
                };
            }
        }
    }
}
