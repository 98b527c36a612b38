//! The posterior process: conditioning and updates.

mod batch;
mod prediction;

pub use prediction::Prediction;
pub(crate) use prediction::PredictionWorkspace;

use super::PriorMean;
use super::likelihood::weights_of_residuals;
use super::{Hyperparameters, Kernel, Observations, RegressionError};
use automl_numeric::linalg::CholeskyFactor;
use nalgebra::DMatrix;
use std::borrow::Cow;
use std::sync::Arc;

/// A Gaussian process conditioned on observations, with known hyperparameters.
///
/// Made by [`GaussianProcess::posterior`](crate::GaussianProcess::posterior). Variances are those
/// of the function; add [`Hyperparameters::noise`] for those of new observations.
///
/// # Examples
/// ```
/// use automl_gp::{GaussianProcess, Hyperparameters, Kernel, KernelFamily, Observations};
/// use nalgebra::DMatrix;
///
/// let x = DMatrix::from_column_slice(3, 1, &[0.1, 0.5, 0.9]);
/// let data = Observations { x: &x, y: &[1.0, 0.0, 1.0], noise: &[] };
/// let hyper = Hyperparameters { lengths: vec![0.4], signal: 1.0, noise: 1e-4 };
/// let process = GaussianProcess::new(Kernel::ard(KernelFamily::Matern52, 1));
/// let posterior = process.posterior(&hyper, data)?;
///
/// // Certain at an observation, less so far from all of them.
/// let (_, variances) = posterior.predict(&DMatrix::from_column_slice(2, 1, &[0.5, 2.0]))?;
/// assert!(variances[0] < 1e-3 && variances[1] > 0.5);
/// # Ok::<(), automl_gp::RegressionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Posterior {
    kernel: Kernel,
    hyper: Hyperparameters,
    mean_sd: f64,
    /// The rows of features.
    x: DMatrix<f64>,
    /// The rows with warped inputs.
    warped: DMatrix<f64>,
    /// The Cholesky factor of their covariance with noise.
    factor: CholeskyFactor,
    output: Output,
    fantasies: Vec<Output>,
    jitter: f64,
    /// The prior mean, and its values at the rows.
    trend: Option<(Arc<dyn PriorMean>, Vec<f64>)>,
}

/// The constant mean of one set of outputs, and `K^-1 (y - mean)`.
#[derive(Clone, Debug, Default)]
struct Output {
    alpha: Vec<f64>,
    mean: f64,
}

/// The rows of `x` with warped inputs.
fn warped(kernel: &Kernel, hyper: &Hyperparameters, x: &DMatrix<f64>) -> DMatrix<f64> {
    let (warping, first) = kernel.input_warping();
    warping.matrix(&hyper.lengths[first..], x)
}

impl Posterior {
    /// Conditions a process with this kernel; `mean_sd` as [`Priors::mean`](super::Priors::mean).
    /// `O(n^3)`.
    ///
    /// # Errors
    /// [`RegressionError::Length`], [`RegressionError::Columns`] and [`RegressionError::Scales`] for
    /// shapes that do not fit. [`RegressionError::NotPositiveDefinite`] for a covariance that stays
    /// indefinite with jitter, of which `1e-10` to `1e-4` times the signal variance are tried in
    /// steps of ten.
    pub fn new(
        kernel: &Kernel,
        hyper: &Hyperparameters,
        data: Observations<'_>,
        mean_sd: f64,
    ) -> Result<Self, RegressionError> {
        Self::with_trend(kernel, hyper, data, mean_sd, None)
    }

    /// As [`Posterior::new`], of a process with a prior mean beside the constant.
    pub(crate) fn with_trend(
        kernel: &Kernel,
        hyper: &Hyperparameters,
        data: Observations<'_>,
        mean_sd: f64,
        trend: Option<Arc<dyn PriorMean>>,
    ) -> Result<Self, RegressionError> {
        data.check(kernel.columns())?;
        hyper.check(kernel.scales())?;
        let n = data.y.len();
        let warped = warped(kernel, hyper, data.x);
        let mut covariance = kernel.prepare(&hyper.lengths).matrix(&warped);
        for i in 0..n {
            let k = &mut covariance.as_mut_slice()[i * n + i..(i + 1) * n];
            k.iter_mut().for_each(|v| *v *= hyper.signal);
            k[0] += hyper.noise + data.known_noise(i);
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
                    trend: trend.map(|trend| {
                        let at_rows = trend.values(data.x);
                        (trend, at_rows)
                    }),
                };
                posterior.output = posterior.output_of(data.y);
                return Ok(posterior);
            }
            jitter = if jitter == 0.0 { 1e-10 * hyper.signal } else { 10.0 * jitter };
            if jitter.is_nan() || jitter > 1.1e-4 * hyper.signal {
                return Err(RegressionError::NotPositiveDefinite { rows: n });
            }
        }
    }

    /// Appends one row of features with its known noise variance, in `O(n^2)`. The outputs must be
    /// set anew by [`Posterior::set_outputs`].
    ///
    /// # Errors
    /// A row of another length, or a covariance that is not positive definite (jitter as in
    /// [`Posterior::new`], for this row only).
    pub(crate) fn append(&mut self, row: &[f64], noise: f64) -> Result<(), RegressionError> {
        self.kernel.check(row.len())?;
        let (n, columns) = (self.x.nrows(), row.len());
        let prepared = self.kernel.prepare(&self.hyper.lengths);
        let mut k = vec![0.0; n];
        let raw = row;
        let (mut row, mut slopes) = (row.to_vec(), Vec::new());
        self.warp_row(&mut row, &mut slopes);
        prepared.correlations(&self.warped, 0, &row, &mut k);
        k.iter_mut().for_each(|v| *v *= self.hyper.signal);
        let row = &row[..];
        let own = self.hyper.signal * prepared.diagonal(row) + self.hyper.noise + noise;
        let mut jitter = self.jitter;
        while !self.factor.append(&k, own + jitter) {
            jitter = if jitter == 0.0 { 1e-10 * self.hyper.signal } else { 10.0 * jitter };
            if jitter.is_nan() || jitter > 1.1e-4 * self.hyper.signal {
                return Err(RegressionError::NotPositiveDefinite { rows: n + 1 });
            }
        }
        let grown = |old: &DMatrix<f64>, row: &[f64]| {
            DMatrix::from_fn(n + 1, columns, |i, c| if i < n { old[(i, c)] } else { row[c] })
        };
        if let Some((trend, at_rows)) = &mut self.trend {
            at_rows.extend(trend.values(&DMatrix::from_row_slice(1, columns, raw)));
        }
        self.x = grown(&self.x, raw);
        self.warped = grown(&self.warped, row);
        Ok(())
    }

    /// Replaces the outputs of the same rows, in `O(n^2)`; drops fantasies.
    ///
    /// # Errors
    /// [`RegressionError::Length`] unless there is one output for each row.
    pub(crate) fn set_outputs(&mut self, y: &[f64]) -> Result<(), RegressionError> {
        if y.len() != self.x.nrows() {
            return Err(RegressionError::Length { rows: self.x.nrows(), outputs: y.len() });
        }
        self.output = self.output_of(y);
        self.fantasies.clear();
        Ok(())
    }

    /// Sets fantasies: further outputs for the same rows, the means of which are predicted along with
    /// the first.
    ///
    /// # Errors
    /// [`RegressionError::Length`] unless each has one output for each row.
    pub(crate) fn set_fantasies(&mut self, outputs: &[Vec<f64>]) -> Result<(), RegressionError> {
        let rows = self.x.nrows();
        if let Some(y) = outputs.iter().find(|y| y.len() != rows) {
            return Err(RegressionError::Length { rows, outputs: y.len() });
        }
        self.fantasies = outputs.iter().map(|y| self.output_of(y)).collect();
        Ok(())
    }

    /// Solves for the weights of one set of outputs.
    fn output_of(&self, y: &[f64]) -> Output {
        let solve = |b: &mut [f64]| {
            self.factor.solve_lower_vec(b);
            self.factor.solve_upper_vec(b);
        };
        let (alpha, mean) = weights_of_residuals(solve, &self.without_trend(y), self.mean_sd);
        Output { alpha, mean }
    }

    /// Outputs at the rows less the prior mean. `[n]`
    pub(crate) fn without_trend<'a>(&self, y: &'a [f64]) -> Cow<'a, [f64]> {
        match &self.trend {
            None => Cow::Borrowed(y),
            Some((_, at_rows)) => y.iter().zip(at_rows).map(|(y, trend)| y - trend).collect(),
        }
    }

    /// The prior mean, if there is one beside the constant.
    pub(crate) fn trend(&self) -> Option<Arc<dyn PriorMean>> {
        self.trend.as_ref().map(|(trend, _)| trend.clone())
    }

    /// The hyperparameters.
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyper
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The rows of features of the observations. `[n, columns]`
    pub fn rows(&self) -> &DMatrix<f64> {
        &self.x
    }

    /// The jitter that was added to the diagonal of the covariance to make it positive definite; zero
    /// if none was needed.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// Warps the inputs of one row; writes the derivatives to `slopes`.
    fn warp_row(&self, row: &mut [f64], slopes: &mut Vec<f64>) {
        let (warping, first) = self.kernel.input_warping();
        warping.row(&self.hyper.lengths[first..], row, slopes);
    }
}
