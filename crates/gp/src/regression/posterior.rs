//! The process conditioned on observations.

use super::evidence::weights_of_residuals;
use super::{Hyper, Kernel, Observations};
use automl_numeric::linalg::{self, CholeskyFactor};
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
    mean_sd: f64,
    /// The rows as they were given, and with warped inputs.
    x: DMatrix<f64>,
    warped: DMatrix<f64>,
    factor: CholeskyFactor,
    output: Output,
    fantasies: Vec<Output>,
    jitter: f64,
}

/// What one set of outputs makes of the same rows.
#[derive(Clone, Debug, Default)]
struct Output {
    alpha: Vec<f64>,
    mean: f64,
}

/// Rows with warped inputs.
fn warped(kernel: &Kernel, hyper: &Hyper, x: &DMatrix<f64>) -> DMatrix<f64> {
    let (inputs, first) = kernel.inputs();
    inputs.matrix(&hyper.lengths[first..], x)
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
    /// For each fantasy the mean and its derivatives.
    pub fantasies: Vec<(f64, Vec<f64>)>,
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
        let (n, columns) = (data.y.len(), kernel.columns());
        if data.x.nrows() != n {
            return Err(PosteriorError::Length { rows: data.x.nrows(), outputs: n });
        }
        if data.x.ncols() != columns {
            return Err(PosteriorError::Columns { found: data.x.ncols(), expected: columns });
        }
        let warped = warped(kernel, hyper, data.x);
        let mut covariance = kernel.ready(&hyper.lengths).matrix(&warped);
        for i in 0..n {
            let k = &mut covariance.as_mut_slice()[i * n + i..(i + 1) * n];
            k.iter_mut().for_each(|v| *v *= hyper.signal);
            k[0] += hyper.noise + data.noise.get(i).copied().unwrap_or(0.0);
        }
        let mut jitter = 0.0;
        loop {
            let mut jittered = covariance.clone();
            (0..n).for_each(|i| jittered[(i, i)] += jitter);
            if let Some(factor) = CholeskyFactor::new(jittered) {
                let mut posterior = Self {
                    kernel: kernel.clone(),
                    hyper: hyper.clone(),
                    mean_sd,
                    x: data.x.clone(),
                    warped,
                    factor,
                    output: Output::default(),
                    fantasies: Vec::new(),
                    jitter,
                };
                posterior.output = posterior.output_of(data.y);
                return Ok(posterior);
            }
            jitter = if jitter == 0.0 { 1e-10 * hyper.signal } else { 10.0 * jitter };
            if jitter.is_nan() || jitter > 1.1e-4 * hyper.signal {
                return Err(PosteriorError::NotPositiveDefinite { rows: n });
            }
        }
    }

    /// Adds one row of features with the variance of its known noise, in `O(n^2)`. The outputs
    /// are to be set anew, see [`Posterior::set_outputs`].
    ///
    /// # Errors
    /// A row of another length, or a covariance that is not positive definite (jitter as in
    /// [`Posterior::new`], for this row only).
    pub fn append(&mut self, row: &[f64], noise: f64) -> Result<(), PosteriorError> {
        let (n, columns) = (self.x.nrows(), self.kernel.columns());
        if row.len() != columns {
            return Err(PosteriorError::Columns { found: row.len(), expected: columns });
        }
        let ready = self.kernel.ready(&self.hyper.lengths);
        let mut k = vec![0.0; n];
        let raw = row;
        let (mut row, mut slopes) = (row.to_vec(), Vec::new());
        self.warp_row(&mut row, &mut slopes);
        ready.against(&self.warped, 0, &row, &mut k);
        k.iter_mut().for_each(|v| *v *= self.hyper.signal);
        let row = &row[..];
        let own = self.hyper.signal * ready.own(row) + self.hyper.noise + noise;
        let mut jitter = self.jitter;
        while !self.factor.append(&k, own + jitter) {
            jitter = if jitter == 0.0 { 1e-10 * self.hyper.signal } else { 10.0 * jitter };
            if jitter.is_nan() || jitter > 1.1e-4 * self.hyper.signal {
                return Err(PosteriorError::NotPositiveDefinite { rows: n + 1 });
            }
        }
        let grown = |old: &DMatrix<f64>, row: &[f64]| {
            DMatrix::from_fn(n + 1, columns, |i, c| if i < n { old[(i, c)] } else { row[c] })
        };
        self.x = grown(&self.x, raw);
        self.warped = grown(&self.warped, row);
        Ok(())
    }

    /// Conditions on other outputs for the same rows, in `O(n^2)`; fantasies are dropped.
    ///
    /// # Errors
    /// [`PosteriorError::Length`] unless there is one output for each row.
    pub fn set_outputs(&mut self, y: &[f64]) -> Result<(), PosteriorError> {
        if y.len() != self.x.nrows() {
            return Err(PosteriorError::Length { rows: self.x.nrows(), outputs: y.len() });
        }
        self.output = self.output_of(y);
        self.fantasies.clear();
        Ok(())
    }

    /// Further sets of outputs for the same rows, whose means are predicted along with the first.
    ///
    /// # Errors
    /// [`PosteriorError::Length`] unless each has one output for each row.
    pub fn set_fantasies(&mut self, outputs: &[Vec<f64>]) -> Result<(), PosteriorError> {
        let rows = self.x.nrows();
        if let Some(y) = outputs.iter().find(|y| y.len() != rows) {
            return Err(PosteriorError::Length { rows, outputs: y.len() });
        }
        self.fantasies = outputs.iter().map(|y| self.output_of(y)).collect();
        Ok(())
    }

    fn output_of(&self, y: &[f64]) -> Output {
        let solve = |b: &mut [f64]| {
            self.factor.solve_lower_vec(b);
            self.factor.solve_upper_vec(b);
        };
        let (alpha, mean) = weights_of_residuals(solve, y, self.mean_sd);
        Output { alpha, mean }
    }

    /// The hyperparameters.
    pub fn hyper(&self) -> &Hyper {
        &self.hyper
    }
    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }
    /// The rows of features that it is conditioned on.
    pub fn rows(&self) -> &DMatrix<f64> {
        &self.x
    }
    /// What was added to the diagonal to make the covariance positive definite.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    fn warp_row(&self, row: &mut [f64], slopes: &mut Vec<f64>) {
        let (inputs, first) = self.kernel.inputs();
        inputs.row(&self.hyper.lengths[first..], row, slopes);
    }

    /// Covariances of the rows with points whose inputs are warped already.
    fn cross(&self, points: &DMatrix<f64>) -> DMatrix<f64> {
        self.kernel.cross_warped(&self.hyper, &self.warped, points)
    }

    fn mean_of(output: &Output, cross: &DMatrix<f64>) -> Vec<f64> {
        cross
            .column_iter()
            .map(|k| output.mean + linalg::dot(k.as_slice(), &output.alpha))
            .collect()
    }

    /// Posterior means at the rows of `points`.
    pub fn means(&self, points: &DMatrix<f64>) -> Vec<f64> {
        let points = warped(&self.kernel, &self.hyper, points);
        Self::mean_of(&self.output, &self.cross(&points))
    }

    /// Posterior means and variances (without noise) at the rows of `points`.
    pub fn predict(&self, points: &DMatrix<f64>) -> (Vec<f64>, Vec<f64>) {
        let (means, _, variances) = self.predict_all(points);
        (means, variances)
    }

    /// As [`Posterior::predict`], with the means of each fantasy in between.
    pub fn predict_all(&self, points: &DMatrix<f64>) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
        let points = &warped(&self.kernel, &self.hyper, points);
        let mut cross = self.cross(points);
        let means = Self::mean_of(&self.output, &cross);
        let others = self.fantasies.iter().map(|o| Self::mean_of(o, &cross)).collect();
        self.factor.solve_lower(&mut cross);
        let ready = self.kernel.ready(&self.hyper.lengths);
        let mut row = vec![0.0; points.ncols()];
        let variances = cross
            .column_iter()
            .enumerate()
            .map(|(j, v)| {
                row.iter_mut().enumerate().for_each(|(c, r)| *r = points[(j, c)]);
                let own = self.hyper.signal * ready.own(&row);
                (own - linalg::dot(v.as_slice(), v.as_slice())).max(0.0)
            })
            .collect();
        (means, others, variances)
    }

    /// Mean vector and covariance matrix of the function at the rows of `points`.
    pub fn joint(&self, points: &DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
        let points = &warped(&self.kernel, &self.hyper, points);
        let mut cross = self.cross(points);
        let means = Self::mean_of(&self.output, &cross);
        self.factor.solve_lower(&mut cross);
        let own = self.kernel.cross_warped(&self.hyper, points, points);
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
        let ready = self.kernel.ready(&self.hyper.lengths);
        scratch.row.clear();
        scratch.row.extend_from_slice(row);
        self.warp_row(&mut scratch.row, &mut scratch.slopes);
        let row = &scratch.row[..];
        let k = &mut scratch.k;
        k.resize(n, 0.0);
        ready.against(&self.warped, 0, row, k);
        k.iter_mut().for_each(|v| *v *= self.hyper.signal);
        out.mean = self.output.mean + linalg::dot(k, &self.output.alpha);
        let means: Vec<f64> =
            self.fantasies.iter().map(|o| o.mean + linalg::dot(k, &o.alpha)).collect();
        self.factor.solve_lower_vec(k);
        out.variance = (self.hyper.signal * ready.own(row) - linalg::dot(k, k)).max(0.0);
        self.factor.solve_upper_vec(k);
        let mut lists: Vec<&[f64]> = vec![&self.output.alpha, k];
        lists.extend(self.fantasies.iter().map(|o| o.alpha.as_slice()));
        scratch.pulled.resize(lists.len(), Vec::new());
        scratch.pulled.iter_mut().for_each(|p| p.resize(row.len(), 0.0));
        ready.pull_row(&self.warped, row, &lists, &mut scratch.pulled);
        ready.pull_own(row, -0.5, &mut scratch.pulled[1]);
        let slopes = &scratch.slopes;
        let scaled = |pulled: &[f64], factor: f64, out: &mut Vec<f64>| {
            out.clear();
            out.extend(pulled.iter().zip(slopes).map(|(v, s)| factor * v * s));
        };
        scaled(&scratch.pulled[0], self.hyper.signal, &mut out.mean_gradient);
        scaled(&scratch.pulled[1], -2.0 * self.hyper.signal, &mut out.variance_gradient);
        out.fantasies.resize(means.len(), (0.0, Vec::new()));
        for ((own, mean), pulled) in out.fantasies.iter_mut().zip(means).zip(&scratch.pulled[2..]) {
            own.0 = mean;
            scaled(pulled, self.hyper.signal, &mut own.1);
        }
    }

    /// Leave-one-out means and variances (of observations, with noise) without any refit.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), equation 5.12, with the mean held fixed.
    pub fn leave_one_out(&self, y: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let diagonal = self.factor.inverse_diagonal();
        y.iter()
            .zip(diagonal)
            .zip(&self.output.alpha)
            .map(|((y, d), alpha)| (y - alpha / d, 1.0 / d))
            .unzip()
    }
}

/// Work space of [`Posterior::predict_one`].
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    k: Vec<f64>,
    pulled: Vec<Vec<f64>>,
    row: Vec<f64>,
    slopes: Vec<f64>,
}
