//! The order of results at one rung, for one objective and for several.

use automl_numeric::{order, pareto};
use automl_study::{Fidelity, History, Trial};
use std::cmp::Ordering;

/// Losses of a trial at a fidelity, with the violation of its constraints.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RungResult {
    pub(crate) violation: f64,
    pub(crate) losses: Vec<f64>,
}

impl RungResult {
    /// The first report of a trial at a fidelity in `from..below`.
    pub(crate) fn within(
        history: &History,
        trial: &Trial,
        from: Fidelity,
        below: Fidelity,
    ) -> Option<Self> {
        let at = trial.reports.partition_point(|report| report.fidelity < from);
        let report = trial.reports.get(at).filter(|report| report.fidelity < below)?;
        Some(Self { violation: trial.violation(), losses: history.losses(&report.values) })
    }

    /// The result of a trial without one.
    pub(crate) fn worst(objectives: usize) -> Self {
        Self { violation: f64::INFINITY, losses: vec![f64::NAN; objectives] }
    }

    /// Whether it may be promoted at all.
    pub(crate) fn is_number(&self) -> bool {
        !self.losses.iter().any(|loss| loss.is_nan())
    }
}

/// A loss with NaN last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss(pub(crate) f64);

impl Ord for Loss {
    fn cmp(&self, other: &Self) -> Ordering {
        order::compare(self.0, other.0)
    }
}
impl PartialOrd for Loss {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Loss {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Loss {}

/// A single loss with a total order: NaN last, feasible before infeasible, then the loss. Of several
/// objectives it is the first, or NaN if one of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    is_nan: bool,
    violation: Loss,
    loss: Loss,
}

impl Key {
    pub(crate) fn of(result: &RungResult) -> Self {
        let first = result.losses.first().copied().filter(|_| result.is_number());
        Self::new(result.violation, first.unwrap_or(f64::NAN))
    }

    /// Worse than every result: the key of a trial that ended without one.
    pub(crate) fn worst() -> Self {
        Self::new(f64::INFINITY, f64::NAN)
    }

    fn new(violation: f64, loss: f64) -> Self {
        Self { is_nan: loss.is_nan(), violation: Loss(violation), loss: Loss(loss) }
    }

    pub(crate) fn is_number(self) -> bool {
        !self.is_nan
    }
}

/// The positions of some results from best to worst: those with a NaN last; by the violation of
/// constraints, feasible first; by non-domination rank among those that violate them alike; within
/// a rank the most isolated first (crowding distance); then by losses and position.
///
/// # Source
/// Deb et al. (2002), "NSGA-II", sections III.A, III.B and VI (constrained domination). With one
/// objective this is the order of [`Key`].
pub(crate) fn order(results: &[&RungResult]) -> Vec<usize> {
    let class = |i: usize| (!results[i].is_number(), Loss(results[i].violation));
    let losses = |i: usize| results[i].losses.as_slice();
    let mut sorted: Vec<usize> = (0..results.len()).collect();
    sorted.sort_by(|&a, &b| {
        class(a).cmp(&class(b)).then(order::lexicographic(losses(a), losses(b))).then(a.cmp(&b))
    });
    let mut order = Vec::with_capacity(results.len());
    for alike in sorted.chunk_by(|&a, &b| class(a) == class(b)) {
        let points: Vec<&[f64]> = alike.iter().map(|&i| losses(i)).collect();
        let ranks = pareto::ranks(&points);
        let mut fronts = vec![Vec::new(); ranks.iter().max().map_or(0, |rank| rank + 1)];
        for (&i, rank) in alike.iter().zip(ranks) {
            fronts[rank].push(i);
        }
        for front in fronts {
            let points: Vec<&[f64]> = front.iter().map(|&i| losses(i)).collect();
            order.extend(isolated_first(&points).into_iter().map(|at| front[at]));
        }
    }
    order
}

/// The positions of a front's points by falling crowding distance, which is infinite at the ends.
pub(crate) fn isolated_first(front: &[&[f64]]) -> Vec<usize> {
    let distance = pareto::crowding(front, &vec![0; front.len()]);
    let mut members: Vec<usize> = (0..front.len()).collect();
    members.sort_by(|&a, &b| distance[b].total_cmp(&distance[a]).then(a.cmp(&b)));
    members
}
