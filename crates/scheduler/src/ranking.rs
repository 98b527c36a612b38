//! The order of results at one rung, for one objective and for several.

use automl_study::{History, Trial, pareto};
use std::cmp::Ordering;

/// Losses of a trial at a fidelity, with the violation of its constraints.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Result {
    pub(crate) violation: f64,
    pub(crate) losses: Vec<f64>,
}

impl Result {
    /// What a trial reported at a fidelity; `None` before that.
    pub(crate) fn at(history: &History, trial: &Trial, fidelity: u64) -> Option<Self> {
        let report = trial.report_at(fidelity)?;
        Some(Self { violation: trial.violation(), losses: history.losses(&report.values) })
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
    pub(crate) fn of(result: &Result) -> Self {
        let loss = result.losses.first().copied().unwrap_or(f64::NAN);
        Self { violation: result.violation, loss }
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
pub(crate) fn order(results: &[Result]) -> Vec<usize> {
    let losses: Vec<&[f64]> = results.iter().map(|result| result.losses.as_slice()).collect();
    let ranks = pareto::ranks(&losses);
    let crowding = crowding(&losses, &ranks);
    let mut order: Vec<usize> = (0..results.len()).collect();
    order.sort_by(|&a, &b| {
        pareto::compare(results[a].violation, results[b].violation)
            .then(ranks[a].cmp(&ranks[b]))
            .then(crowding[b].total_cmp(&crowding[a]))
            .then(a.cmp(&b))
    });
    order
}

/// The crowding distance of each point within its rank; infinite at the ends.
fn crowding(points: &[&[f64]], ranks: &[usize]) -> Vec<f64> {
    let mut distance = vec![0.0; points.len()];
    let objectives = points.first().map_or(0, |p| p.len());
    let fronts = ranks.iter().max().map_or(0, |rank| rank + 1);
    for front in 0..fronts {
        let mut members: Vec<usize> = (0..points.len()).filter(|&i| ranks[i] == front).collect();
        for objective in (0..objectives).collect::<Vec<_>>() {
            members.sort_by(|&a, &b| {
                pareto::compare(points[a][objective], points[b][objective]).then(a.cmp(&b))
            });
            let (Some(&first), Some(&last)) = (members.first(), members.last()) else { continue };
            let width = points[last][objective] - points[first][objective];
            distance[first] = f64::INFINITY;
            distance[last] = f64::INFINITY;
            if width > 0.0 && width.is_finite() {
                for three in members.windows(3) {
                    let gap = points[three[2]][objective] - points[three[0]][objective];
                    distance[three[1]] += gap / width;
                }
            }
        }
    }
    distance
}
