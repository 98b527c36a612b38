//! Acquisition functions of a normal prediction, with their derivatives.
//!
//! Every function takes the posterior mean `m` and standard deviation `s` of an objective to be
//! minimized, and is itself to be maximized. Improvements and probabilities are returned as
//! logarithms: their gradients do not vanish where the value underflows (Ament et al. 2023,
//! arXiv:2310.20708).
//!
//! | Function | Formula |
//! |---|---|
//! | [`log_expected_improvement`] | `ln E[max(best - f, 0)]` |
//! | [`lower_confidence_bound`] | `-(m - beta s)` |
//! | [`log_probability_of_feasibility`] | `ln P(f <= limit)` |
//! | [`log_expected_hypervolume_improvement`] | `ln E[HV(front + f) - HV(front)]` of two objectives |
//! | [`Scalarizations`] | `ln sum_w E[max(b_w - max_j w_j f_j, 0)]` of several objectives |

mod hypervolume;
mod log_normal;
mod scalarizations;

pub use hypervolume::{HypervolumeImprovement, log_expected_hypervolume_improvement};
use log_normal::{log_h, log_normal_cdf};
pub use scalarizations::Scalarizations;

/// The value of an acquisition function and its derivatives in the posterior mean and standard
/// deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueAndGradient {
    /// The value.
    pub value: f64,
    /// The derivative in the posterior mean.
    pub by_mean: f64,
    /// The derivative in the posterior standard deviation.
    pub by_sd: f64,
}

/// The smallest standard deviation that is told from zero.
const MIN_SD: f64 = 1e-12;

/// Log expected improvement (log EI): `ln E[max(best - f, 0)]` for `f ~ N(mean, sd^2)`, which is
/// `ln s + ln(phi(z) + z Phi(z))` with `z = (best - m) / s`.
///
/// `best` is the smallest observation, or for noisy observations the smallest posterior mean.
/// Standard deviations below `1e-12` count as `1e-12`.
///
/// # Source
/// Jones, Schonlau & Welch (1998), "Efficient Global Optimization of Expensive Black-Box
/// Functions", for expected improvement; Ament et al. (2023), "Unexpected Improvements to Expected
/// Improvement for Bayesian Optimization", arXiv:2310.20708, for the logarithm.
///
/// # Examples
/// ```
/// use automl_gp::acquisition::log_expected_improvement;
///
/// // At the incumbent's mean the expected improvement is sd / sqrt(2 pi).
/// let at_best = log_expected_improvement(0.0, 2.0, 0.0);
/// assert!((at_best.value.exp() - 0.797_884_56).abs() < 1e-7);
/// // A smaller mean and a larger deviation are better.
/// assert!(at_best.by_mean < 0.0 && at_best.by_sd > 0.0);
/// // Fifty deviations away the improvement underflows; its logarithm does not.
/// assert!(log_expected_improvement(50.0, 1.0, 0.0).value.is_finite());
/// ```
pub fn log_expected_improvement(mean: f64, sd: f64, best: f64) -> ValueAndGradient {
    let sd = sd.max(MIN_SD);
    let z = (best - mean) / sd;
    let (value, slope) = log_h(z);
    ValueAndGradient { value: sd.ln() + value, by_mean: -slope / sd, by_sd: (1.0 - slope * z) / sd }
}

/// The negated lower confidence bound (GP-LCB): `-(m - beta s)`.
///
/// # Source
/// Srinivas et al. (2010), "Gaussian Process Optimization in the Bandit Setting",
/// arXiv:0912.3995.
///
/// # Examples
/// ```
/// use automl_gp::acquisition::lower_confidence_bound;
///
/// assert_eq!(lower_confidence_bound(1.0, 0.5, 2.0).value, 0.0);
/// ```
pub fn lower_confidence_bound(mean: f64, sd: f64, beta: f64) -> ValueAndGradient {
    ValueAndGradient { value: beta * sd - mean, by_mean: -1.0, by_sd: beta }
}

/// The log probability of feasibility: `ln P(f <= limit) = ln Phi((limit - m) / s)` of a black-box
/// constraint.
///
/// # Source
/// Gardner et al. (2014), "Bayesian Optimization with Inequality Constraints", section 3.
///
/// # Examples
/// ```
/// use automl_gp::acquisition::log_probability_of_feasibility;
///
/// let even = log_probability_of_feasibility(0.0, 1.0, 0.0);
/// assert!((even.value.exp() - 0.5).abs() < 1e-12);
/// ```
pub fn log_probability_of_feasibility(mean: f64, sd: f64, limit: f64) -> ValueAndGradient {
    let sd = sd.max(MIN_SD);
    let z = (limit - mean) / sd;
    let (value, slope) = log_normal_cdf(z);
    ValueAndGradient { value, by_mean: -slope / sd, by_sd: -slope * z / sd }
}
