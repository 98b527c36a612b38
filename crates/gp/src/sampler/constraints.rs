//! Surrogates beside the objective: black-box constraints, failures, and the cost of a trial.

use super::SurrogateCaches;
use super::acquisition_builder::AcquisitionBuilder;
use crate::observed_trials::MAX_LOSS;
use crate::regression::Posterior;
use crate::surrogate::SurrogateCache;

/// The number of typical magnitudes by which a constraint's value may lie below zero.
const MAX_SLACK: f64 = 30.0;

impl AcquisitionBuilder<'_> {
    /// Surrogates of the constraints and of the failures, each with its limit.
    pub(super) fn constraints(&self, caches: &mut SurrogateCaches) -> Vec<(Posterior, f64)> {
        let mut limits = Vec::new();
        let count = self.observed.rows.iter().map(|r| r.constraints.len()).max().unwrap_or(0);
        caches.constraints.resize_with(count, SurrogateCache::default);
        for (c, cache) in caches.constraints.iter_mut().enumerate() {
            limits.extend(self.constraint(c, cache));
        }
        if !self.observed.failed.is_empty() {
            limits.extend(self.failures(&mut caches.failures));
        }
        limits
    }

    /// The surrogate of constraint `c` with the limit zero.
    fn constraint(&self, c: usize, cache: &mut SurrogateCache) -> Option<(Posterior, f64)> {
        let observations = &self.observed.rows;
        let known = (0..observations.len()).filter(|&i| observations[i].constraints.len() > c);
        let known: Vec<usize> = known.collect();
        let values = known.iter().map(|&i| observations[i].constraints[c]).collect();
        let values = with_limited_slack(values);
        if values.iter().all(|v| *v <= 0.0) && values.len() < 3 {
            return None;
        }
        self.with_limit(&self.selected(&known), &values, 0.0, cache)
    }

    /// The surrogate of failures (1 for a failed trial, else 0) with the limit one half.
    fn failures(&self, cache: &mut SurrogateCache) -> Option<(Posterior, f64)> {
        // By trial number, so that one more trial is one more row.
        let finished = self.observed.rows.iter().zip(&self.rows);
        let finished = finished.map(|(o, row)| (o.trial, 0.0, row.clone()));
        let row = |config| self.features.row(self.view.space, config, 1.0);
        let failed = self.observed.failed.iter().map(|(n, config)| (*n, 1.0, row(config)));
        let mut all: Vec<(automl_study::TrialId, f64, Vec<f64>)> = finished.chain(failed).collect();
        all.sort_by_key(|(trial, ..)| *trial);
        let failed: Vec<f64> = all.iter().map(|(_, failed, _)| *failed).collect();
        let rows: Vec<Vec<f64>> = all.into_iter().map(|(.., row)| row).collect();
        self.with_limit(&rows, &failed, 0.5, cache)
    }

    /// The surrogate of values that must stay below a limit.
    fn with_limit(
        &self,
        rows: &[Vec<f64>],
        values: &[f64],
        limit: f64,
        cache: &mut SurrogateCache,
    ) -> Option<(Posterior, f64)> {
        let options = self.surrogate_options(false);
        let fitted =
            cache.fit(self.kernel, self.priors, rows, values, options).into_iter().next()?;
        Some((fitted.posterior, fitted.transformed.standardized(limit)))
    }

    /// The surrogate of the standardized logarithm of the seconds that trials took, with the
    /// standard deviation that undoes the standardization; `None` where the seconds are unknown or
    /// equal.
    ///
    /// # Source
    /// Snoek, Larochelle & Adams (2012), "Practical Bayesian Optimization of Machine Learning
    /// Algorithms", section 3.2.
    pub(super) fn cost(&self, caches: &mut SurrogateCaches) -> Option<(Posterior, f64)> {
        let observations = &self.observed.rows;
        let known = (0..observations.len()).filter(|&i| observations[i].log_seconds.is_some());
        let known: Vec<usize> = known.collect();
        let seconds: Vec<f64> = known.iter().filter_map(|&i| observations[i].log_seconds).collect();
        let range = seconds.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            - seconds.iter().copied().fold(f64::INFINITY, f64::min);
        if known.len() < 4 || range < 1e-3 {
            return None;
        }
        let rows = self.selected(&known);
        let options = self.surrogate_options(false);
        let fitted = caches.cost.fit(self.kernel, self.priors, &rows, &seconds, options);
        fitted.into_iter().next().map(|s| (s.posterior, s.transformed.deviation()))
    }

    /// The features of these observations.
    fn selected(&self, at: &[usize]) -> Vec<Vec<f64>> {
        at.iter().map(|&i| self.rows[i].clone()).collect()
    }
}

/// Values of a constraint, of which none lies further below zero than [`MAX_SLACK`] times the median
/// magnitude: beside such a value the others could not be told apart.
fn with_limited_slack(values: Vec<f64>) -> Vec<f64> {
    let mut sizes: Vec<f64> =
        values.iter().map(|v| v.abs()).filter(|v| *v > 0.0 && *v < MAX_LOSS).collect();
    sizes.sort_by(f64::total_cmp);
    let Some(usual) = sizes.get(sizes.len() / 2) else { return values };
    values.iter().map(|v| v.max(-MAX_SLACK * usual)).collect()
}
