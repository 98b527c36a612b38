//! The process conditioned on observations.

use super::evidence::weights_of_residuals;
use super::{Distance, Hyper, Kernel, Observations};
use crate::linalg;
use nalgebra::DMatrix;
use thiserror::Error;

/// Why a process could not be conditioned.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PosteriorError {
    /// There is not one output for each row of features.
    #[error("{rows} rows of features and {outputs} outputs")]
    Length {
        /// Rows of features.
        rows: usize,
        /// Outputs.
        outputs: usize,
    },
    /// A row has not one entry for each column of the kernel.
    #[error("rows of {found} features for a kernel over {expected}")]
    Columns {
        /// Entries of a row.
        found: usize,
        /// Columns of the kernel.
        expected: usize,
    },
    /// The covariance is not positive definite, even with a jitter of `1e-4` of the signal.
    #[error("the covariance of {rows} observations is not positive definite")]
    NotPositiveDefinite {
        /// The number of observations.
        rows: usize,
    },
}

/// A Gaussian process given observations and hyperparameters.
#[derive(Clone, Debug)]
pub struct Posterior {
    kernel: Kernel,
    hyper: Hyper,
    weights: Vec<f64>,
    x: DMatrix<f64>,
    factor: DMatrix<f64>,
    alpha: Vec<f64>,
    mean: f64,
    jitter: f64,
}

/// Mean and variance at one point with their gradients in the features.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// The posterior mean.
    pub mean: f64,
    /// The posterior variance of the function, without noise.
    pub variance: f64,
    /// The mean's derivatives; zero for columns that are compared for equality. `[columns]`
    pub mean_gradient: Vec<f64>,
    /// The variance's derivatives. `[columns]`
    pub variance_gradient: Vec<f64>,
}

impl Posterior {
    /// Conditions the process; `mean_sd` as [`super::Priors::mean`].
    ///
    /// # Errors
    /// Shapes that do not fit, or a covariance that is not positive definite; before that, jitter
    /// of `1e-10` to `1e-4` times the signal variance is tried in steps of ten.
    pub fn new(
        kernel: &Kernel,
        hyper: &Hyper,
        data: Observations<'_>,
        mean_sd: f64,
    ) -> Result<Self, PosteriorError> {
        let (n, columns) = (data.y.len(), kernel.columns().len());
        if data.x.nrows() != n {
            return Err(PosteriorError::Length { rows: data.x.nrows(), outputs: n });
        }
        if data.x.ncols() != columns {
            return Err(PosteriorError::Columns { found: data.x.ncols(), expected: columns });
        }
        let weights = kernel.weights(&hyper.lengths);
        let mut slopes = vec![0.0; n];
        let mut jitter = 0.0;
        loop {
            let mut factor = DMatrix::zeros(n, n);
            for i in 0..n {
                let r2 = &mut factor.as_mut_slice()[i * n + i..(i + 1) * n];
                kernel.distances(&weights, data.x, i, |c| data.x[(i, c)], r2);
                kernel.correlate(r2, &mut slopes[i..]);
                r2.iter_mut().for_each(|v| *v *= hyper.signal);
                r2[0] += hyper.noise + data.noise.get(i).copied().unwrap_or(0.0) + jitter;
            }
            if linalg::cholesky_in_place(&mut factor) {
                let (alpha, mean) = weights_of_residuals(&factor, data.y, mean_sd);
                return Ok(Self {
                    kernel: kernel.clone(),
                    hyper: hyper.clone(),
                    weights,
                    x: data.x.clone(),
                    factor,
                    alpha,
                    mean,
                    jitter,
                });
            }
            jitter = if jitter == 0.0 { 1e-10 * hyper.signal } else { 10.0 * jitter };
            if jitter.is_nan() || jitter > 1.1e-4 * hyper.signal {
                return Err(PosteriorError::NotPositiveDefinite { rows: n });
            }
        }
    }

    /// The hyperparameters.
    pub fn hyper(&self) -> &Hyper {
        &self.hyper
    }
    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }
    /// What was added to the diagonal to make the covariance positive definite.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// Posterior means at the rows of `points`.
    pub fn means(&self, points: &DMatrix<f64>) -> Vec<f64> {
        let cross = self.kernel.cross(&self.hyper, &self.x, points);
        cross.column_iter().map(|k| self.mean + linalg::dot(k.as_slice(), &self.alpha)).collect()
    }

    /// Posterior means and variances (without noise) at the rows of `points`.
    pub fn predict(&self, points: &DMatrix<f64>) -> (Vec<f64>, Vec<f64>) {
        let mut cross = self.kernel.cross(&self.hyper, &self.x, points);
        let means: Vec<f64> = cross
            .column_iter()
            .map(|k| self.mean + linalg::dot(k.as_slice(), &self.alpha))
            .collect();
        linalg::solve_lower(&self.factor, &mut cross);
        let variances = cross
            .column_iter()
            .map(|v| (self.hyper.signal - linalg::dot(v.as_slice(), v.as_slice())).max(0.0))
            .collect();
        (means, variances)
    }

    /// Mean vector and covariance matrix of the function at the rows of `points`.
    pub fn joint(&self, points: &DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
        let mut cross = self.kernel.cross(&self.hyper, &self.x, points);
        let means = cross
            .column_iter()
            .map(|k| self.mean + linalg::dot(k.as_slice(), &self.alpha))
            .collect();
        linalg::solve_lower(&self.factor, &mut cross);
        let own = self.kernel.cross(&self.hyper, points, points);
        (means, own - cross.transpose() * &cross)
    }

    /// Draws of the function at the rows of `points`, one for each column of the standard normal
    /// numbers `normal` `[points, draws]`: Thompson samples.
    ///
    /// # Errors
    /// [`PosteriorError::NotPositiveDefinite`] if even jitter does not make their covariance so.
    pub fn draw(
        &self,
        points: &DMatrix<f64>,
        normal: &DMatrix<f64>,
    ) -> Result<DMatrix<f64>, PosteriorError> {
        let (means, covariance) = self.joint(points);
        let rows = points.nrows();
        let mut jitter = 1e-10 * self.hyper.signal;
        while jitter <= 1.1e-4 * self.hyper.signal {
            let mut factor = covariance.clone();
            for i in 0..rows {
                factor[(i, i)] += jitter;
            }
            if linalg::cholesky_in_place(&mut factor) {
                let mut draws = factor.lower_triangle() * normal;
                for mut column in draws.column_iter_mut() {
                    column.iter_mut().zip(&means).for_each(|(v, m)| *v += m);
                }
                return Ok(draws);
            }
            jitter *= 10.0;
        }
        Err(PosteriorError::NotPositiveDefinite { rows })
    }

    /// Mean, variance and their gradients at one row of features.
    pub fn predict_one(&self, row: &[f64], scratch: &mut Scratch, out: &mut Prediction) {
        let n = self.x.nrows();
        scratch.k.resize(n, 0.0);
        scratch.slopes.resize(n, 0.0);
        self.kernel.distances(&self.weights, &self.x, 0, |c| row[c], &mut scratch.k);
        self.kernel.correlate(&mut scratch.k, &mut scratch.slopes);
        scratch.k.iter_mut().for_each(|v| *v *= self.hyper.signal);
        out.mean = self.mean + linalg::dot(&scratch.k, &self.alpha);
        linalg::solve_lower_vec(&self.factor, &mut scratch.k);
        out.variance = (self.hyper.signal - linalg::dot(&scratch.k, &scratch.k)).max(0.0);
        linalg::solve_upper_vec(&self.factor, &mut scratch.k);
        out.mean_gradient.clear();
        out.variance_gradient.clear();
        for (c, column) in self.kernel.columns().iter().enumerate() {
            if column.distance == Distance::Differs {
                out.mean_gradient.push(0.0);
                out.variance_gradient.push(0.0);
                continue;
            }
            let values = &self.x.as_slice()[c * n..(c + 1) * n];
            let (mut mean, mut variance) = (0.0, 0.0);
            let here = row[c];
            for (((v, s), a), k) in
                values.iter().zip(&scratch.slopes).zip(&self.alpha).zip(&scratch.k)
            {
                let d = s * (here - v);
                mean += d * a;
                variance += d * k;
            }
            let scale = 2.0 * self.hyper.signal * self.weights[c];
            out.mean_gradient.push(scale * mean);
            out.variance_gradient.push(-2.0 * scale * variance);
        }
    }

    /// Leave-one-out means and variances (of observations, with noise) without any refit.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), equation 5.12, with the mean held fixed.
    pub fn leave_one_out(&self, y: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let inverse = linalg::inverse_lower(&self.factor);
        (0..y.len().min(self.alpha.len()))
            .map(|i| (y[i] - self.alpha[i] / inverse[(i, i)], 1.0 / inverse[(i, i)]))
            .unzip()
    }
}

/// Work space of [`Posterior::predict_one`].
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    k: Vec<f64>,
    slopes: Vec<f64>,
}
