//! Density ratios of black-box constraints.

use crate::axis::Axis;
use crate::parzen::{Bandwidth, Form, Logs, ParzenEstimator};
use crate::ranking::evenly_spaced;
use automl_study::{History, TrialId};

/// The densities of one constraint.
#[derive(Clone, Debug)]
struct ConstraintDensities {
    /// Density of the trials that satisfy the constraint.
    satisfied: ParzenEstimator,
    /// Density of the trials that violate it.
    violated: ParzenEstimator,
    /// Share of the trials that satisfy it, in `[0, 1)`.
    share: f64,
}

/// The densities of all constraints that at least one trial violates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feasibility {
    constraints: Vec<ConstraintDensities>,
}

impl Feasibility {
    /// Fits two densities for each violated constraint.
    ///
    /// `points`: `[n, d]` coordinates of all trials; `numbers`: the trials with constraint values, of
    /// which at most `limit` on each side are used, evenly spaced.
    pub(crate) fn fit(
        &mut self,
        axes: &[Axis],
        points: &[f64],
        history: &History,
        numbers: &[TrialId],
        limit: usize,
        bandwidth: Bandwidth,
    ) {
        self.constraints.clear();
        let values = |number: &TrialId| history.get(*number).map_or(&[][..], |t| &t.constraints);
        let count = numbers.iter().map(|number| values(number).len()).max().unwrap_or(0);
        for c in 0..count {
            let satisfies =
                |number: &TrialId| values(number).get(c).is_none_or(|value| *value <= 0.0);
            let (satisfied, violated): (Vec<TrialId>, Vec<TrialId>) =
                numbers.iter().partition(|number| satisfies(number));
            if violated.is_empty() {
                continue;
            }
            let share = satisfied.len() as f64 / numbers.len() as f64;
            let density = |numbers: &[TrialId]| {
                let mut estimator = ParzenEstimator::empty(axes.to_vec());
                estimator.fit(points, &thinned(numbers, limit), &[], 1.0, 0.0, bandwidth);
                estimator
            };
            self.constraints.push(ConstraintDensities {
                satisfied: density(&satisfied),
                violated: density(&violated),
                share,
            });
        }
    }

    /// Whether no constraint is violated by any trial.
    pub(crate) fn is_empty(&self) -> bool {
        self.constraints.is_empty()
    }

    /// Adds the logarithms of the constraints' relative density ratios to the scores of some points.
    ///
    /// `points`: `[n, d]`; `logs`: scratch memory; `scores`: `[n]`.
    pub(crate) fn add_log_ratios(&self, points: &[f64], logs: &mut Logs, scores: &mut [f64]) {
        let (mut satisfied, mut violated) = (Vec::new(), Vec::new());
        for constraint in &self.constraints {
            satisfied.clear();
            violated.clear();
            constraint.satisfied.log_densities(Form::Joint, points, logs, &mut satisfied);
            constraint.violated.log_densities(Form::Joint, points, logs, &mut violated);
            for ((score, l), g) in scores.iter_mut().zip(&satisfied).zip(&violated) {
                *score += relative_log_ratio(l - g, constraint.share);
            }
        }
    }
}

/// The logarithm of the relative density ratio `l / (share l + (1 - share) g)` from `ln(l / g)`.
///
/// At most `-ln(share)`, so that no criterion outweighs the others.
///
/// # Source
/// Watanabe & Hutter (2023), "c-TPE: Tree-structured Parzen Estimator with Inequality Constraints
/// for Expensive Hyperparameter Optimization", section 3 (relative density ratio).
pub(crate) fn relative_log_ratio(log_ratio: f64, share: f64) -> f64 {
    -(share + (1.0 - share) * (-log_ratio).exp()).ln()
}

/// At most `limit` of the numbers, evenly spaced, as rows.
fn thinned(numbers: &[TrialId], limit: usize) -> Vec<usize> {
    evenly_spaced(numbers.len(), limit).map(|i| numbers[i].index()).collect()
}
