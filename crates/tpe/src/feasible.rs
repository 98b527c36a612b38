//! Black-box constraints: where feasible trials lie denser than infeasible ones.

use crate::axis::Axis;
use crate::parzen::{Bandwidth, Logs, ParzenEstimator};
use crate::split::spread;
use automl_study::History;

/// One constraint: densities of the trials that meet it and of those that do not.
#[derive(Clone, Debug)]
struct Pair {
    met: ParzenEstimator,
    broken: ParzenEstimator,
    /// The share of the trials that meet it.
    share: f64,
}

/// The constraints that some trial breaks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feasibility {
    pairs: Vec<Pair>,
}

impl Feasibility {
    /// Fits a pair of densities for each constraint that is sometimes broken. `judged`: the trials
    /// with constraint values, of which at most `most` on each side are used, evenly spread.
    pub(crate) fn fit(
        &mut self,
        axes: &[Axis],
        points: &[f64],
        history: &History,
        judged: &[u64],
        most: usize,
        bandwidth: Bandwidth,
    ) {
        self.pairs.clear();
        let values = |number: &u64| history.get(*number).map_or(&[][..], |t| &t.constraints);
        let count = judged.iter().map(|number| values(number).len()).max().unwrap_or(0);
        for c in 0..count {
            let meets = |number: &u64| values(number).get(c).is_none_or(|value| *value <= 0.0);
            let (met, broken): (Vec<u64>, Vec<u64>) = judged.iter().partition(|n| meets(n));
            if broken.is_empty() {
                continue;
            }
            let share = met.len() as f64 / judged.len() as f64;
            let density = |numbers: &[u64]| {
                let mut estimator = ParzenEstimator::empty(axes.to_vec());
                estimator.fit(points, &thinned(numbers, most), &[], 1.0, 0.0, bandwidth);
                estimator
            };
            self.pairs.push(Pair { met: density(&met), broken: density(&broken), share });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Adds to each score the sum over the constraints of the logarithms of relative density ratios.
    /// `points`: `[n, d]`; `scores`: `[n]`.
    pub(crate) fn add_log_ratios(&self, points: &[f64], logs: &mut Logs, scores: &mut [f64]) {
        let (mut met, mut broken) = (Vec::new(), Vec::new());
        for pair in &self.pairs {
            met.clear();
            broken.clear();
            pair.met.log_densities(points, logs, &mut met);
            pair.broken.log_densities(points, logs, &mut broken);
            for ((score, met), broken) in scores.iter_mut().zip(&met).zip(&broken) {
                *score += relative(met - broken, pair.share);
            }
        }
    }
}

/// The logarithm of `l / (share l + (1 - share) g)` from that of `l / g`: bounded above, so that
/// no one criterion outweighs the others.
///
/// # Source
/// Watanabe & Hutter (2023), "c-TPE: Tree-structured Parzen Estimator with Inequality Constraints
/// for Expensive Hyperparameter Optimization", the relative density ratio.
pub(crate) fn relative(log: f64, share: f64) -> f64 {
    -(share + (1.0 - share) * (-log).exp()).ln()
}

/// At most `most` of the numbers, evenly spread, as rows.
fn thinned(numbers: &[u64], most: usize) -> Vec<usize> {
    spread(numbers.len(), most).map(|i| numbers[i] as usize).collect()
}
