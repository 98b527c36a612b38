//! The log marginal likelihood of outputs, given the Cholesky factor of their covariance.

use automl_numeric::linalg;
use nalgebra::DMatrix;

/// The log marginal likelihood (evidence) of outputs.
#[derive(Clone, Debug)]
pub(crate) struct LogLikelihood {
    pub(crate) value: f64,
    /// `K^-1 (y - mean)`.
    pub(super) alpha: Vec<f64>,
    /// `(y - mean)^T K^-1 (y - mean)`.
    pub(super) quadratic: f64,
}

impl LogLikelihood {
    /// The likelihood for the lower Cholesky factor `l` of the outputs' covariance. `[n, n]`
    pub(crate) fn new(l: &DMatrix<f64>, y: &[f64], mean_sd: f64) -> Self {
        let solve = |b: &mut [f64]| {
            linalg::solve_lower_vec(l, b);
            linalg::solve_upper_vec(l, b);
        };
        let (alpha, mean) = weights_of_residuals(solve, y, mean_sd);
        let quadratic: f64 = alpha.iter().zip(y).map(|(a, y)| a * (y - mean)).sum();
        let log_det: f64 = (0..y.len()).map(|i| l[(i, i)].ln()).sum();
        let penalty = if mean_sd > 0.0 { (mean / mean_sd).powi(2) } else { 0.0 };
        let constant = 0.5 * y.len() as f64 * (2.0 * std::f64::consts::PI).ln();
        Self { value: -0.5 * (quadratic + penalty) - log_det - constant, alpha, quadratic }
    }
}

/// `K^-1 (y - mean)` and the mean, which is the best constant under its normal prior
/// `N(0, mean_sd^2)`, or zero for `mean_sd` zero. `solve` replaces `b` by `K^-1 b`.
pub(crate) fn weights_of_residuals(
    solve: impl Fn(&mut [f64]),
    y: &[f64],
    mean_sd: f64,
) -> (Vec<f64>, f64) {
    let mut alpha = y.to_vec();
    solve(&mut alpha);
    if mean_sd.is_nan() || mean_sd <= 0.0 {
        return (alpha, 0.0);
    }
    let mut ones = vec![1.0; y.len()];
    solve(&mut ones);
    let precision = ones.iter().sum::<f64>() + 1.0 / (mean_sd * mean_sd);
    let mean = alpha.iter().sum::<f64>() / precision;
    for (a, o) in alpha.iter_mut().zip(&ones) {
        *a -= mean * o;
    }
    (alpha, mean)
}

#[cfg(test)]
mod tests {
    use super::weights_of_residuals;

    /// With unit covariance the mean is that of the data, shrunk to zero by its prior.
    #[test]
    fn the_mean_is_shrunk_by_its_prior() {
        let (weights, mean) = weights_of_residuals(|_| {}, &[1.0, 2.0, 6.0], 0.5);
        assert!((mean - 9.0 / 7.0).abs() < 1e-12, "{mean}");
        assert!((weights[2] - (6.0 - 9.0 / 7.0)).abs() < 1e-12);
        assert_eq!(weights_of_residuals(|_| {}, &[1.0], 0.0), (vec![1.0], 0.0));
    }
}
