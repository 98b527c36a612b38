//! Hyperparameters of largest posterior density (MAP).

use super::evidence::Evidence;
use super::{Hyperparameters, Kernel, Observations, Priors};
use crate::lbfgs::{self, Stop};

/// A local maximum of evidence times prior.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fit {
    pub(crate) hyper: Hyperparameters,
    /// The log marginal likelihood plus the log density of the priors, up to a constant that is the
    /// same for every kernel over the same parameters.
    pub(crate) log_posterior: f64,
}

/// Maximizes evidence times prior by L-BFGS in the logarithms of the hyperparameters, from `start`;
/// `None` where the covariance of the start is not positive definite.
pub(crate) fn fit(
    kernel: &Kernel,
    data: Observations<'_>,
    priors: &Priors,
    start: &Hyperparameters,
    evaluations: usize,
) -> Option<Fit> {
    let mut evidence = Evidence::new(kernel, data, priors.mean);
    let mut bounds = vec![(0.01_f64.ln(), 1e3_f64.ln()); kernel.scales()];
    bounds.push((1e-2_f64.ln(), 1e3_f64.ln()));
    bounds.push((priors.noise_bounds.0.ln(), priors.noise_bounds.1.ln()));
    let mut log = start.to_log();
    let negated = |log: &[f64], gradient: &mut [f64]| {
        let Some(value) = evidence.evaluate(log, gradient) else { return f64::INFINITY };
        let prior = priors.log_density(log, gradient);
        gradient.iter_mut().for_each(|g| *g = -*g);
        -(value + prior)
    };
    let stop = Stop { evaluations, gradient: 1e-2, decrease: 1e-5 };
    let value = lbfgs::minimize(negated, &mut log, &bounds, stop);
    value.is_finite().then(|| Fit { hyper: Hyperparameters::from_log(&log), log_posterior: -value })
}
