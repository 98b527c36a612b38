//! The order of results at one rung, for one objective and for several.

use automl_study::{History, Trial, pareto};
use std::cmp::Ordering;

/// Losses of a trial at a fidelity, with the violation of its constraints.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) violation: f64,
    pub(crate) losses: Vec<f64>,
}

impl Standing {
    /// The first report of a trial at a fidelity in `from..below`.
    pub(crate) fn within(history: &History, trial: &Trial, from: u64, below: u64) -> Option<Self> {
        let at = trial.reports.partition_point(|report| report.step < from);
        let report = trial.reports.get(at).filter(|report| report.step < below)?;
        Some(Self { violation: trial.violation(), losses: history.losses(&report.values) })
    }

    /// What a trial without a result counts as.
    pub(crate) fn worst(objectives: usize) -> Self {
        Self { violation: f64::INFINITY, losses: vec![f64::NAN; objectives] }
    }

    /// Whether it may be promoted at all.
    pub(crate) fn is_number(&self) -> bool {
        !self.losses.iter().any(|loss| loss.is_nan())
    }
}

/// A single loss with a total order: feasible before infeasible, NaN last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Key {
    violation: f64,
    loss: f64,
}

impl Key {
    pub(crate) fn of(standing: &Standing) -> Self {
        let loss = standing.losses.first().copied().unwrap_or(f64::NAN);
        Self { violation: standing.violation, loss }
    }

    /// Worse than every result: what a trial that ended without one counts as.
    pub(crate) fn worst() -> Self {
        Self { violation: f64::INFINITY, loss: f64::NAN }
    }

    pub(crate) fn is_number(self) -> bool {
        !self.loss.is_nan()
    }
}

impl Eq for Key {}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        pareto::compare(self.violation, other.violation)
            .then_with(|| pareto::compare(self.loss, other.loss))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The positions of some results from best to worst: feasible first; by non-domination rank;
/// within a rank the most isolated first (crowding distance); ties in order of position.
///
/// # Source
/// Deb et al. (2002), "NSGA-II", sections III.A and III.B. With one objective this is its order.
pub(crate) fn order(results: &[&Standing]) -> Vec<usize> {
    let losses: Vec<&[f64]> = results.iter().map(|result| result.losses.as_slice()).collect();
    let ranks = pareto::ranks(&losses);
    let crowding = pareto::crowding(&losses, &ranks);
    let mut order: Vec<usize> = (0..results.len()).collect();
    order.sort_by(|&a, &b| {
        pareto::compare(results[a].violation, results[b].violation)
            .then(ranks[a].cmp(&ranks[b]))
            .then(crowding[b].total_cmp(&crowding[a]))
            .then(a.cmp(&b))
    });
    order
}
