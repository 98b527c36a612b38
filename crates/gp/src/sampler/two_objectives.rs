//! The acquisition function of two objectives: expected hypervolume improvement.

use super::acquisition_builder::{AcquisitionBuilder, FittedAcquisition};
use super::{SurrogateCaches, fantasies};
use crate::acquisition_function::Objective;
use crate::regression::Posterior;
use crate::surrogate::{Surrogate, SurrogateOptions, matrix};
use automl_numeric::{order, pareto};

/// Surrogates of both objectives with their predictions.
#[derive(Debug)]
struct TwoSurrogates {
    posteriors: Box<[Posterior; 2]>,
    /// The posterior means at the observations.
    points: Vec<[f64; 2]>,
    /// The posterior means at the running trials.
    pending: Vec<[f64; 2]>,
}

impl AcquisitionBuilder<'_> {
    /// Expected hypervolume improvement on the front of posterior means.
    pub(super) fn two_objectives(&self, caches: &mut SurrogateCaches) -> Option<FittedAcquisition> {
        let TwoSurrogates { posteriors, points, pending } = self.two_surrogates(caches)?;
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

    /// A surrogate for each objective. Running trials are added with their posterior means (kriging
    /// believer).
    ///
    /// # Source
    /// Ginsbourger, Le Riche & Carraro (2010), "Kriging Is Well-Suited to Parallelize
    /// Optimization".
    fn two_surrogates(&self, caches: &mut SurrogateCaches) -> Option<TwoSurrogates> {
        let full = self.rows_at_highest_fidelity();
        let pending = self.pending();
        let mut fit = |m: usize| {
            let losses: Vec<f64> = self.observed.rows.iter().map(|r| r.losses[m]).collect();
            // Monotone transforms keep the front, and outliers do not flatten it.
            let options =
                SurrogateOptions { trend: self.trends.get(m), ..self.surrogate_options(true) };
            let cache = &mut caches.objectives[m];
            let fitted = cache.fit(self.kernel, self.priors, &self.rows, &losses, options);
            let Surrogate { mut posterior, outputs, .. } = fitted.into_iter().next()?;
            let means = posterior.means(&full);
            let mut predicted = Vec::new();
            if !pending.is_empty() {
                predicted = posterior.means(&matrix(&pending));
                let with = fantasies::extended(&posterior, &outputs, &pending, &predicted);
                posterior = with.unwrap_or(posterior);
            }
            Some((posterior, means, predicted))
        };
        let (first, first_means, first_pending) = fit(0)?;
        let (second, second_means, second_pending) = fit(1)?;
        let pairs = |a: Vec<f64>, b: Vec<f64>| a.into_iter().zip(b).map(|(a, b)| [a, b]).collect();
        Some(TwoSurrogates {
            posteriors: Box::new([first, second]),
            points: pairs(first_means, second_means),
            pending: pairs(first_pending, second_pending),
        })
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
