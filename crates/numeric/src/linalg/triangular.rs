//! Triangular solves and the inner product.

use super::BLOCK;
use crate::simd::vectorized;
use nalgebra::DMatrix;

/// Solves `L X = B` in place. `l`: `[n, n]`, of which the lower triangle is read; `b`: `[n, m]`.
pub fn solve_lower(l: &DMatrix<f64>, b: &mut DMatrix<f64>) {
    solve_lower_from(l, b, 0);
}

/// Solves as [`solve_lower`], given that the rows of `b` above `first` are zero.
pub(super) fn solve_lower_from(l: &DMatrix<f64>, b: &mut DMatrix<f64>, first: usize) {
    vectorized(|| lower_from(l, b, first));
}

#[inline(always)]
fn lower_from(l: &DMatrix<f64>, b: &mut DMatrix<f64>, first: usize) {
    let n = b.nrows();
    for start in (first..n).step_by(BLOCK) {
        let width = BLOCK.min(n - start);
        if start > first {
            let (above, mut here) = b.rows_range_pair_mut(first..start, start..start + width);
            here.gemm(-1.0, &l.view((start, first), (width, start - first)), &above, 1.0);
        }
        let m = b.ncols();
        for column in 0..m {
            let mut x = b.column_mut(column);
            let x = &mut x.as_mut_slice()[start..start + width];
            for c in 0..width {
                let value = x[c] / l[(start + c, start + c)];
                x[c] = value;
                let factor = l.column(start + c);
                let factor = &factor.as_slice()[start + c + 1..start + width];
                for (t, f) in x[c + 1..width].iter_mut().zip(factor) {
                    *t -= value * f;
                }
            }
        }
    }
}

/// Solves `L x = b` in place for one right-hand side `[k]`, `k <= n`, with the leading `[k, k]` part
/// of `l` `[n, n]`.
pub fn solve_lower_vec(l: &DMatrix<f64>, b: &mut [f64]) {
    vectorized(|| lower_vec(l.as_slice(), l.nrows(), b));
}

#[inline(always)]
fn lower_vec(l: &[f64], stride: usize, b: &mut [f64]) {
    let n = b.len();
    for j in 0..n {
        let column = &l[j * stride + j..j * stride + n];
        let value = b[j] / column[0];
        b[j] = value;
        for (t, f) in b[j + 1..].iter_mut().zip(&column[1..]) {
            *t -= value * f;
        }
    }
}

/// Solves `L^T x = b` in place for one right-hand side `[k]`, as [`solve_lower_vec`].
pub fn solve_upper_vec(l: &DMatrix<f64>, b: &mut [f64]) {
    vectorized(|| upper_vec(l.as_slice(), l.nrows(), b));
}

#[inline(always)]
fn upper_vec(l: &[f64], stride: usize, b: &mut [f64]) {
    let n = b.len();
    for j in (0..n).rev() {
        let column = &l[j * stride + j..j * stride + n];
        b[j] = (b[j] - dot(&column[1..], &b[j + 1..])) / column[0];
    }
}

/// The inner product of two vectors `[n]`, accumulated in eight independent sums.
#[inline(always)]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f64>() + rest
}
