//! Input warping: a learned monotone map of the unit interval for each column.

use nalgebra::DMatrix;

/// The width that is cut off at both ends of the unit interval, so that derivatives stay finite.
const MARGIN: f64 = 1e-3;

/// The distribution function of Kumaraswamy, `w(u) = 1 - (1 - u^a)^b`, with its derivatives in
/// `u`, `ln a` and `ln b`; the identity for `a = b = 1`.
///
/// # Source
/// Snoek et al. (2014), "Input Warping for Bayesian Optimization of Non-Stationary Functions",
/// with the distribution of Kumaraswamy (1980) in place of the beta distribution.
pub(crate) fn kumaraswamy(u: f64, a: f64, b: f64) -> (f64, [f64; 3]) {
    let inner = 1.0 - 2.0 * MARGIN;
    let u = MARGIN + inner * u.clamp(0.0, 1.0);
    let power = u.powf(a);
    let rest = (1.0 - power).max(1e-300);
    let tail = rest.powf(b);
    let density = b * tail / rest;
    let by_u = density * a * power / u * inner;
    let by_log_a = density * power * u.ln() * a;
    let by_log_b = -tail * rest.ln() * b;
    (1.0 - tail, [by_u, by_log_a, by_log_b])
}

/// The columns that are warped; the exponents of the `k`-th are `a` and `b` at `2 k`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct InputWarping {
    pub(crate) columns: Vec<usize>,
}

impl InputWarping {
    /// The number of exponents.
    pub(crate) fn len(&self) -> usize {
        2 * self.columns.len()
    }

    /// The rows of `x` with warped columns.
    pub(crate) fn matrix(&self, parameters: &[f64], x: &DMatrix<f64>) -> DMatrix<f64> {
        let mut x = x.clone();
        for (&c, ab) in self.columns.iter().zip(parameters.chunks_exact(2)) {
            x.column_mut(c).iter_mut().for_each(|u| *u = kumaraswamy(*u, ab[0], ab[1]).0);
        }
        x
    }

    /// Warps one row; writes the derivative of each column in its input to `slopes`.
    pub(crate) fn row(&self, parameters: &[f64], row: &mut [f64], slopes: &mut Vec<f64>) {
        slopes.clear();
        slopes.resize(row.len(), 1.0);
        for (&c, ab) in self.columns.iter().zip(parameters.chunks_exact(2)) {
            let (w, [by_u, ..]) = kumaraswamy(row[c], ab[0], ab[1]);
            row[c] = w;
            slopes[c] = by_u;
        }
    }
}
