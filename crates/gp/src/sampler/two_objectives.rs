//! The acquisition function of two objectives: expected hypervolume improvement.

use super::SurrogateCaches;
use super::acquisition_builder::{AcquisitionBuilder, FittedAcquisition};
use crate::acquisition_function::Objective;
use automl_numeric::{order, pareto};

impl AcquisitionBuilder<'_> {
    /// Expected hypervolume improvement on the front of posterior means.
    pub(super) fn two_objectives(&self, caches: &mut SurrogateCaches) -> Option<FittedAcquisition> {
        // Monotone transforms keep the front, and outliers do not flatten it.
        let first = self.objective_surrogate(0, true, caches)?;
        let second = self.objective_surrogate(1, true, caches)?;
        let pairs = |a: &[f64], b: &[f64]| -> Vec<[f64; 2]> {
            a.iter().zip(b).map(|(a, b)| [*a, *b]).collect()
        };
        let points = pairs(&first.means, &second.means);
        let pending = pairs(&first.pending, &second.pending);
        let posteriors = Box::new([first.posterior, second.posterior]);
        let ranks = pareto::ranks(&points);
        // Within a rank the isolated points come first.
        let crowding = pareto::crowding(&points, &ranks);
        let merits: Vec<f64> =
            ranks.iter().zip(&crowding).map(|(r, c)| *r as f64 + 0.5 / (1.0 + c)).collect();
        let lengths = posteriors[0].hyperparameters().lengths.clone();
        let feasible = points.iter().zip(&self.feasible).filter(|(_, f)| **f).map(|(p, _)| *p);
        let mut feasible: Vec<[f64; 2]> = feasible.collect();
        let objective = if feasible.is_empty() {
            Objective::FeasibilityOnly
        } else {
            feasible.extend(pending);
            let (front, reference) = front_and_reference(&feasible);
            Objective::HypervolumeImprovement { posteriors, front, reference }
        };
        Some(FittedAcquisition::unconstrained(objective, merits.clone(), merits, lengths))
    }
}

/// The non-dominated points by increasing first objective, and the reference point: a tenth of the
/// front's extent beyond it, and at least a tenth of that of all points; all of the latter where the
/// front is a single point.
fn front_and_reference(points: &[[f64; 2]]) -> (Vec<[f64; 2]>, [f64; 2]) {
    let ranks = pareto::ranks(points);
    let mut front: Vec<[f64; 2]> =
        points.iter().zip(&ranks).filter(|(_, r)| **r == 0).map(|(p, _)| *p).collect();
    front.sort_by(|a, b| order::compare(a[0], b[0]));
    front.dedup();
    let mut reference = [0.0; 2];
    for j in 0..2 {
        let extent = |points: &[[f64; 2]]| {
            let all = points.iter().map(|p| p[j]);
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let ((low, high), (_, worst)) = (extent(&front), extent(points));
        let least = if front.len() > 1 { 0.1 * (worst - low) } else { worst - low };
        reference[j] = high + (0.1 * (high - low)).max(least).max(1e-6);
    }
    (front, reference)
}
