//! The acquisition function of one objective, or of several weighted into one.

use super::acquisition_builder::{AcquisitionBuilder, FittedAcquisition};
use super::{SurrogateCaches, fantasies, noise};
use crate::Acquisition;
use crate::acquisition_function::{Objective, WeightedSurrogate};
use crate::surrogate::{Surrogate, SurrogateCache, SurrogateOptions};
use automl_numeric::order;
use nalgebra::DMatrix;
use rand::{Rng, RngExt};

/// Weights of objectives, drawn uniformly from the simplex.
pub(super) fn weights(objectives: usize, rng: &mut dyn Rng) -> Vec<f64> {
    let mut weights: Vec<f64> =
        (0..objectives).map(|_| -rng.random::<f64>().max(1e-300).ln()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    weights
}

/// The least value of an objective, and the one that nine of ten reach.
pub(super) fn range(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(|a, b| order::compare(*a, *b));
    (values[0], values[values.len() * 9 / 10])
}

/// The most observations with which several surrogates are averaged.
const MAX_AVERAGED_ROWS: usize = 100;

impl AcquisitionBuilder<'_> {
    /// Expected improvement, confidence bound or Thompson sampling of one loss.
    pub(super) fn single_objective(
        &self,
        caches: &mut SurrogateCaches,
        rng: &mut dyn Rng,
    ) -> Option<FittedAcquisition> {
        let losses = self.losses(rng);
        let is_few = losses.len() <= MAX_AVERAGED_ROWS;
        let columns = self.features.warpable();
        let options = SurrogateOptions {
            components: if is_few { self.options.components } else { 1 },
            columns: &columns,
            trend: self.trends.first(),
            ..self.surrogate_options(true)
        };
        caches.objectives.resize_with(caches.objectives.len().max(1), SurrogateCache::default);
        let surrogates =
            caches.objectives[0].fit(self.kernel, self.priors, &self.rows, &losses, options);
        let lengths = surrogates.first()?.posterior.hyperparameters().lengths.clone();
        let full = self.rows_at_highest_fidelity();
        let predicted = surrogates.first()?.posterior.means(&full);
        // Losses at lower fidelities are not comparable.
        let is_partial = self.observed.differ_in_fidelity();
        let merits = if is_partial { predicted.clone() } else { losses };
        let objective = if self.feasible.contains(&true) {
            let pending = self.pending();
            let weighted = |surrogate| self.weighted(surrogate, &full, &pending, rng);
            let weighted = surrogates.into_iter().map(weighted).collect();
            match self.options.acquisition {
                Acquisition::ExpectedImprovement | Acquisition::Thompson => {
                    Objective::ExpectedImprovement(weighted)
                }
                Acquisition::LowerConfidenceBound(beta) => {
                    Objective::LowerConfidenceBound(weighted, beta)
                }
            }
        } else {
            Objective::FeasibilityOnly
        };
        Some(FittedAcquisition::unconstrained(objective, merits, predicted, lengths))
    }

    /// One loss for each observation: the objective, or augmented Chebyshev weights of several,
    /// drawn anew for each proposal.
    ///
    /// # Source
    /// Knowles (2006), "ParEGO: A Hybrid Algorithm with On-Line Landscape Approximation for
    /// Expensive Multiobjective Optimization Problems".
    fn losses(&self, rng: &mut dyn Rng) -> Vec<f64> {
        let rows = &self.observed.rows;
        let objectives = self.view.history.directions().len();
        if objectives == 1 {
            return rows.iter().map(|r| r.losses[0]).collect();
        }
        let weights = weights(objectives, rng);
        let range = |m: usize| range(rows.iter().map(|r| r.losses[m]).collect());
        let ranges: Vec<(f64, f64)> = (0..objectives).map(range).collect();
        let chebyshev = |losses: &[f64]| {
            let parts = losses.iter().zip(&ranges).zip(&weights).map(|((x, (low, high)), w)| {
                w * ((x - low) / (high - low).max(1e-300)).clamp(-10.0, 10.0)
            });
            let parts: Vec<f64> = parts.collect();
            parts.iter().copied().fold(f64::MIN, f64::max) + 0.05 * parts.iter().sum::<f64>()
        };
        rows.iter().map(|r| chebyshev(&r.losses)).collect()
    }

    /// A surrogate with its incumbents, conditioned on fantasies of noise or of running trials.
    fn weighted(
        &self,
        surrogate: Surrogate,
        full: &DMatrix<f64>,
        pending: &[Vec<f64>],
        rng: &mut dyn Rng,
    ) -> WeightedSurrogate {
        let Surrogate { mut posterior, weight, outputs, .. } = surrogate;
        let means = posterior.means(full);
        let feasible = means.iter().zip(&self.feasible).filter(|(_, f)| **f).map(|(m, _)| *m);
        let best = feasible.fold(f64::INFINITY, f64::min);
        let mut incumbents = vec![best];
        let (mean_sd, draws) = (self.priors.mean, self.options.fantasies);
        let improves = self.options.acquisition == Acquisition::ExpectedImprovement
            && !self.observed.differ_in_fidelity();
        let mut drawn = None;
        if improves && noise::is_white(&posterior, &outputs, mean_sd, noise::MAX_ROWS) {
            let rows: Vec<Vec<f64>> = self.rows.iter().chain(pending).cloned().collect();
            let counts = |i: usize| self.feasible.get(i).is_none_or(|feasible| *feasible);
            drawn = noise::without_noise(&posterior, &rows, counts, mean_sd, draws, rng);
        }
        if drawn.is_none() && !pending.is_empty() {
            let drawn_pending = fantasies::fantasize(&posterior, &outputs, pending, draws, rng);
            drawn = drawn_pending
                .map(|(with, bests)| (with, bests.into_iter().map(|b| b.min(best)).collect()));
        }
        if let Some((with, bests)) = drawn {
            posterior = with;
            incumbents.extend(bests);
        }
        WeightedSurrogate { posterior, incumbents, weight }
    }
}
