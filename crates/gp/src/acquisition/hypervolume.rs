//! Expected hypervolume improvement of two objectives.

use super::{ValueAndGradient, log_expected_improvement};

/// The log expected hypervolume improvement with its derivatives, one per objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HypervolumeImprovement {
    /// The logarithm of the expected improvement.
    pub value: f64,
    /// The derivatives in the two posterior means.
    pub by_mean: [f64; 2],
    /// The derivatives in the two posterior standard deviations.
    pub by_sd: [f64; 2],
}

/// Log expected hypervolume improvement (log EHVI): `ln E[HV(front + f) - HV(front)]` for two
/// independent normal objectives, both minimized.
///
/// `front` holds mutually non-dominated points by increasing first objective, all better than
/// `reference`. The non-dominated region is cut into strips along the first objective; the
/// expectation over each strip is a product of two expected improvements, so the sum has no
/// cancellation and its logarithm keeps a slope where the improvement vanishes. `O(front)`.
///
/// # Source
/// Emmerich, Yang & Deutz (2020), "Infill Criteria for Multiobjective Bayesian Optimization",
/// section 3, for the strips; Ament et al. (2023), arXiv:2310.20708, for logarithms.
///
/// # Examples
/// ```
/// use automl_gp::acquisition::log_expected_hypervolume_improvement;
///
/// let front = [[0.0, 1.0], [1.0, 0.0]];
/// let gain = |mean| {
///     log_expected_hypervolume_improvement(mean, [0.1, 0.1], &front, [2.0, 2.0]).value
/// };
/// // A point between the two adds more than one behind them.
/// assert!(gain([0.5, 0.5]) > gain([1.5, 1.5]));
/// ```
pub fn log_expected_hypervolume_improvement(
    mean: [f64; 2],
    sd: [f64; 2],
    front: &[[f64; 2]],
    reference: [f64; 2],
) -> HypervolumeImprovement {
    let k = front.len();
    let mut parts: Vec<HypervolumeImprovement> = Vec::with_capacity(k + 1);
    for strip in 0..=k {
        // Strip `strip` reaches in the first objective from point `strip - 1` to point `strip`.
        let right = front.get(strip).map_or(reference[0], |p| p[0]);
        let ceiling = if strip == 0 { reference[1] } else { front[strip - 1][1] };
        let left = (strip > 0).then(|| front[strip - 1][0]);
        let Some(first) = log_improvement_within(mean[0], sd[0], left, right) else { continue };
        let second = log_expected_improvement(mean[1], sd[1], ceiling);
        parts.push(HypervolumeImprovement {
            value: first.value + second.value,
            by_mean: [first.by_mean, second.by_mean],
            by_sd: [first.by_sd, second.by_sd],
        });
    }
    log_sum(&parts)
}

/// The log expected length of `[left, right]` that lies above the objective; `None` where the strip
/// is too narrow to tell.
fn log_improvement_within(
    mean: f64,
    sd: f64,
    left: Option<f64>,
    right: f64,
) -> Option<ValueAndGradient> {
    let mut whole = log_expected_improvement(mean, sd, right);
    if let Some(left) = left {
        let beyond = log_expected_improvement(mean, sd, left);
        let share = (beyond.value - whole.value).exp();
        let rest = -(beyond.value - whole.value).exp_m1();
        if rest.is_nan() || rest <= 1e-12 {
            return None;
        }
        whole.by_mean = (whole.by_mean - share * beyond.by_mean) / rest;
        whole.by_sd = (whole.by_sd - share * beyond.by_sd) / rest;
        whole.value += rest.ln();
    }
    Some(whole)
}

/// The logarithm of the sum of exponentials, and its derivatives.
fn log_sum(parts: &[HypervolumeImprovement]) -> HypervolumeImprovement {
    let top = parts.iter().map(|p| p.value).fold(f64::NEG_INFINITY, f64::max);
    let mut total = HypervolumeImprovement { value: top, by_mean: [0.0; 2], by_sd: [0.0; 2] };
    if top == f64::NEG_INFINITY {
        return total;
    }
    let sum: f64 = parts.iter().map(|p| (p.value - top).exp()).sum();
    for part in parts {
        let share = (part.value - top).exp() / sum;
        for j in 0..2 {
            total.by_mean[j] += share * part.by_mean[j];
            total.by_sd[j] += share * part.by_sd[j];
        }
    }
    total.value = top + sum.ln();
    total
}
