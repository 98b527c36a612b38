//! A Cholesky factor that grows.

use super::{cholesky_in_place, dot, inverse_lower, solve_lower, solve_lower_vec, solve_upper_vec};
use nalgebra::DMatrix;

/// A Cholesky factor that grows by rows in `O(n^2)` each.
///
/// # Examples
/// ```
/// use automl_numeric::linalg::CholeskyFactor;
/// use nalgebra::DMatrix;
///
/// let mut factor = CholeskyFactor::new(DMatrix::from_element(1, 1, 4.0)).expect("4 > 0");
/// assert!(factor.append(&[2.0], 5.0)); // [[4, 2], [2, 5]] = L L^T with L = [[2, 0], [1, 2]]
/// let mut x = [6.0, 7.0];
/// factor.solve_lower_vec(&mut x);
/// assert_eq!(x, [3.0, 2.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CholeskyFactor {
    /// Lower triangle in the leading `n` rows and columns.
    l: DMatrix<f64>,
    n: usize,
}

impl CholeskyFactor {
    /// Factorizes a symmetric matrix `[n, n]`, of which only the lower triangle is read; `None` if it
    /// is not positive definite.
    pub fn new(mut a: DMatrix<f64>) -> Option<Self> {
        let n = a.nrows();
        cholesky_in_place(&mut a).then_some(Self { l: a, n })
    }

    /// The number of rows `n`.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether the factor has no row.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The diagonal entry of row `i < n`.
    pub fn diagonal(&self, i: usize) -> f64 {
        self.l[(i, i)]
    }

    /// Returns a copy of the factor `[n, n]`, zero above the diagonal.
    pub fn matrix(&self) -> DMatrix<f64> {
        self.l.view((0, 0), (self.n, self.n)).lower_triangle()
    }

    /// Appends a row to the factorized matrix: its `covariances` `[n]` with the rows so far and its
    /// own `variance`. Returns whether the grown matrix is positive definite; otherwise, or if
    /// `covariances` has another length, the factor is unchanged.
    ///
    /// # Source
    /// Golub & Van Loan, "Matrix Computations", 4th ed., section 6.5.4.
    pub fn append(&mut self, covariances: &[f64], variance: f64) -> bool {
        if covariances.len() != self.n {
            return false;
        }
        let mut row = covariances.to_vec();
        solve_lower_vec(&self.l, &mut row);
        let pivot = variance - dot(&row, &row);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return false;
        }
        let capacity = self.l.nrows();
        if self.n == capacity {
            let larger = capacity + capacity / 16 + 8;
            let mut grown = DMatrix::zeros(larger, larger);
            for j in 0..self.n {
                let own = &self.l.as_slice()[j * capacity + j..(j + 1) * capacity];
                grown.as_mut_slice()[j * larger + j..][..own.len()].copy_from_slice(own);
            }
            self.l = grown;
        }
        for (j, v) in row.into_iter().enumerate() {
            self.l[(self.n, j)] = v;
        }
        self.l[(self.n, self.n)] = pivot.sqrt();
        self.n += 1;
        true
    }

    /// Solves `L x = b` in place, `b`: at least `[n]`.
    pub fn solve_lower_vec(&self, b: &mut [f64]) {
        solve_lower_vec(&self.l, &mut b[..self.n]);
    }

    /// Solves `L^T x = b` in place, `b`: at least `[n]`.
    pub fn solve_upper_vec(&self, b: &mut [f64]) {
        solve_upper_vec(&self.l, &mut b[..self.n]);
    }

    /// Solves `L X = B` in place, `B`: `[n, m]`.
    pub fn solve_lower(&self, b: &mut DMatrix<f64>) {
        solve_lower(&self.l, b);
    }

    /// The diagonal `[n]` of `(L L^T)^-1`.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        let inverse = inverse_lower(&self.l.view((0, 0), (self.n, self.n)).into_owned());
        (0..self.n).map(|i| inverse[(i, i)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::matrix;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn appended_is_factored(n in 1usize..80, seed in 0u64..1000) {
            let a = matrix(n, seed);
            let mut l = a.clone();
            prop_assert!(cholesky_in_place(&mut l));
            let mut grown = CholeskyFactor::new(a.view((0, 0), (1, 1)).into_owned()).unwrap();
            for i in 1..n {
                let row: Vec<f64> = (0..i).map(|j| a[(i, j)]).collect();
                prop_assert!(grown.append(&row, a[(i, i)]));
            }
            prop_assert!((grown.matrix() - l.lower_triangle()).amax() < 1e-9);
            let b = matrix(n, seed + 2);
            let (mut x, mut y) = (b.clone(), b.clone());
            grown.solve_lower(&mut x);
            solve_lower(&l, &mut y);
            prop_assert!((x - y).amax() < 1e-8 * (1.0 + b.amax()));
        }
    }
}
