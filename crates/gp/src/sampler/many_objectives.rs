//! The acquisition function of four objectives and more: the expected improvement of scalarizations.

use super::acquisition_builder::{AcquisitionBuilder, FittedAcquisition};
use super::single_objective::{range, weights};
use super::{MAX_PARENTS, SurrogateCaches};
use crate::acquisition::Scalarizations;
use crate::acquisition_function::Objective;
use automl_numeric::pareto;
use rand::Rng;

/// The scalarizations of one proposal.
const SCALARIZATIONS: usize = 8;

impl AcquisitionBuilder<'_> {
    /// The expected improvement of scalarizations of the posterior means, the weights of which are drawn
    /// anew for each proposal.
    pub(super) fn many_objectives(
        &self,
        caches: &mut SurrogateCaches,
        rng: &mut dyn Rng,
    ) -> Option<FittedAcquisition> {
        let objectives = self.view.history.directions().len();
        // A scalarization weighs losses, which an output transform would distort.
        let fitted = (0..objectives).map(|m| self.objective_surrogate(m, false, caches));
        let fitted: Vec<_> = fitted.collect::<Option<_>>()?;
        let lengths = fitted[0].posterior.hyperparameters().lengths.clone();
        let rows = |count: usize, value: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
            (0..count).map(|i| (0..objectives).map(|m| value(m, i)).collect()).collect()
        };
        let points = rows(self.rows.len(), &|m, i| fitted[m].means[i]);
        let pending = rows(fitted[0].pending.len(), &|m, i| fitted[m].pending[i]);
        let bounds: Vec<_> = fitted.iter().map(|one| range(one.means.clone())).collect();
        let merits = merits(&points, &bounds);
        let feasible = points.iter().zip(&self.feasible).filter(|(_, feasible)| **feasible);
        let mut known: Vec<Vec<f64>> = feasible.map(|(point, _)| point.clone()).collect();
        let objective = if known.is_empty() {
            Objective::FeasibilityOnly
        } else {
            known.extend(pending);
            let weights: Vec<_> = (0..SCALARIZATIONS).map(|_| weights(objectives, rng)).collect();
            let improvement = Scalarizations::new(&known, &bounds, &weights);
            let posteriors = fitted.into_iter().map(|fitted| fitted.posterior);
            Objective::Scalarized { posteriors: posteriors.collect(), improvement }
        };
        Some(FittedAcquisition::unconstrained(objective, merits.clone(), merits, lengths))
    }
}

/// The merit of each point: those of a subset of large hypervolume below the upper bounds come first, then
/// the others by non-domination rank.
fn merits(points: &[Vec<f64>], bounds: &[(f64, f64)]) -> Vec<f64> {
    let mut merits: Vec<f64> =
        pareto::ranks(points).into_iter().map(|rank| 1.0 + rank as f64).collect();
    let reference: Vec<f64> = bounds.iter().map(|(_, high)| *high).collect();
    let best = pareto::hypervolume_subset(points, MAX_PARENTS, &reference);
    for (place, i) in best.into_iter().enumerate() {
        merits[i] = place as f64 / MAX_PARENTS as f64;
    }
    merits
}
