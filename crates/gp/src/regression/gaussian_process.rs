//! Gaussian-process regression with a given kernel and priors.

use super::evidence::Evidence;
use super::{Hyperparameters, Kernel, Observations, Posterior, Priors, RegressionError, fit};

/// A Gaussian-process regression model: a kernel and the priors of its hyperparameters.
///
/// `y_i = f(x_i) + e_i` with `f ~ GP(mean, k)`, a constant `mean` and normal noise `e_i`.
/// [`GaussianProcess::fit`] finds the hyperparameters, [`GaussianProcess::posterior`] conditions on
/// the observations, and [`GaussianProcess::log_evidence`] compares kernels.
///
/// # Source
/// Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", chapters 2 and 5.
///
/// # Examples
/// ```
/// use automl_gp::{GaussianProcess, Kernel, KernelFamily, Observations};
/// use nalgebra::DMatrix;
///
/// let x = DMatrix::from_fn(20, 1, |i, _| i as f64 / 19.0);
/// let y: Vec<f64> = x.iter().map(|x| (6.0 * x).sin()).collect();
/// let data = Observations { x: &x, y: &y, noise: &[] };
///
/// let process = GaussianProcess::new(Kernel::ard(KernelFamily::Matern52, 1));
/// let hyper = process.fit(data)?;
/// let posterior = process.posterior(&hyper, data)?;
///
/// let (means, variances) = posterior.predict(&DMatrix::from_element(1, 1, 0.33))?;
/// assert!((means[0] - 1.98_f64.sin()).abs() < 0.01 && variances[0] < 1e-3);
/// # Ok::<(), automl_gp::RegressionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianProcess {
    kernel: Kernel,
    priors: Priors,
}

/// The evaluations of the evidence that one fit may use.
const FIT_EVALUATIONS: usize = 100;

impl GaussianProcess {
    /// Creates a process with the priors of [`Priors::scaled`].
    pub fn new(kernel: Kernel) -> Self {
        let priors = Priors::scaled(kernel.scales());
        Self { kernel, priors }
    }

    /// Replaces the priors.
    #[must_use]
    pub fn with_priors(self, priors: Priors) -> Self {
        Self { priors, ..self }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The priors.
    pub fn priors(&self) -> &Priors {
        &self.priors
    }

    /// The hyperparameters of largest posterior density (MAP): L-BFGS on [log evidence + log
    /// prior](Self::log_evidence) from the medians of the length scales' priors. `O(n^3)` for each
    /// of at most 100 evaluations.
    ///
    /// # Errors
    /// [`RegressionError::Length`] and [`RegressionError::Columns`] for shapes that do not fit;
    /// [`RegressionError::NotPositiveDefinite`] where the first covariance is singular.
    ///
    /// # Examples
    /// ```
    /// use automl_gp::{GaussianProcess, Kernel, KernelFamily, Observations};
    /// use nalgebra::DMatrix;
    ///
    /// let x = DMatrix::from_fn(16, 2, |i, j| ((3 * i + 7 * j) % 16) as f64 / 16.0);
    /// let y: Vec<f64> = (0..16).map(|i| x[(i, 0)]).collect();
    /// let process = GaussianProcess::new(Kernel::ard(KernelFamily::Rbf, 2));
    /// let hyper = process.fit(Observations { x: &x, y: &y, noise: &[] })?;
    /// // The second input is irrelevant: its length scale is the longer one.
    /// assert!(hyper.lengths[1] > hyper.lengths[0]);
    /// # Ok::<(), automl_gp::RegressionError>(())
    /// ```
    pub fn fit(&self, data: Observations<'_>) -> Result<Hyperparameters, RegressionError> {
        data.check(self.kernel.columns())?;
        let median = |i: usize| self.priors.length(i).0.exp();
        let lengths = (0..self.kernel.scales()).map(median).collect();
        let start = Hyperparameters { lengths, signal: 1.0, noise: 1e-3 };
        fit(&self.kernel, data, &self.priors, &start, FIT_EVALUATIONS)
            .map(|fit| fit.hyper)
            .ok_or(RegressionError::NotPositiveDefinite { rows: data.y.len() })
    }

    /// Conditions the process on observations: mean, variance and draws of `f` at new points.
    ///
    /// # Errors
    /// As [`Posterior::new`].
    pub fn posterior(
        &self,
        hyper: &Hyperparameters,
        data: Observations<'_>,
    ) -> Result<Posterior, RegressionError> {
        Posterior::new(&self.kernel, hyper, data, self.priors.mean)
    }

    /// The log marginal likelihood (evidence) `ln p(y | x, hyper)` and its gradient in the
    /// logarithms of the hyperparameters: length scales, signal variance, noise variance.
    /// `[scales + 2]`
    ///
    /// The constant mean takes its best value, penalized by its prior.
    ///
    /// # Errors
    /// [`RegressionError::Length`], [`RegressionError::Columns`] and [`RegressionError::Scales`] for
    /// shapes that do not fit; [`RegressionError::NotPositiveDefinite`] for a singular covariance.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), equations 2.30 and 5.9.
    ///
    /// # Examples
    /// ```
    /// use automl_gp::{GaussianProcess, Hyperparameters, Kernel, KernelFamily, Observations};
    /// use nalgebra::DMatrix;
    ///
    /// let x = DMatrix::from_column_slice(3, 1, &[0.0, 0.5, 1.0]);
    /// let data = Observations { x: &x, y: &[0.0, 0.4, 1.0], noise: &[] };
    /// let process = GaussianProcess::new(Kernel::ard(KernelFamily::Matern52, 1));
    /// let smooth = Hyperparameters { lengths: vec![1.0], signal: 1.0, noise: 0.01 };
    /// let rough = Hyperparameters { lengths: vec![0.01], ..smooth.clone() };
    /// assert!(process.log_evidence(&smooth, data)?.0 > process.log_evidence(&rough, data)?.0);
    /// # Ok::<(), automl_gp::RegressionError>(())
    /// ```
    pub fn log_evidence(
        &self,
        hyper: &Hyperparameters,
        data: Observations<'_>,
    ) -> Result<(f64, Vec<f64>), RegressionError> {
        data.check(self.kernel.columns())?;
        hyper.check(self.kernel.scales())?;
        let mut gradient = vec![0.0; self.kernel.scales() + 2];
        Evidence::new(&self.kernel, data, self.priors.mean)
            .evaluate(&hyper.to_log(), &mut gradient)
            .map(|value| (value, gradient))
            .ok_or(RegressionError::NotPositiveDefinite { rows: data.y.len() })
    }
}
