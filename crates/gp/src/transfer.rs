//! Learning from earlier studies: surrogates of the sources, and the prior mean made from them.

mod results;
mod source_surrogate;
mod trend;

pub(crate) use results::Results;
pub use source_surrogate::SourceSurrogate;
pub(crate) use trend::{Trend, WeightedSource};

use crate::features::Features;
use crate::observed_trials::ObservedTrials;
use crate::surrogate::{fitted_prefix, matrix};
use automl_space::Space;
use automl_study::Sources;
use std::sync::Arc;

/// The residual standard deviation of a source on a new task, in standard deviations of its outputs.
const RESIDUAL: f64 = 0.6;

/// The least weight of a source that counts.
const NEGLIGIBLE: f64 = 0.01;

/// Surrogates of the sources by objective, and the features that they share.
#[derive(Debug, Default)]
pub(crate) struct SourceModels {
    sources: Sources,
    /// Made at the first use. `[objectives][sources]`
    surrogates: Option<Vec<Vec<Arc<SourceSurrogate>>>>,
}

impl SourceModels {
    pub(crate) fn new(sources: &Sources) -> Self {
        Self { sources: sources.clone(), surrogates: None }
    }

    /// The prior mean of each objective; none without sources, and for three objectives or more, which
    /// are weighted into one anew for each trial.
    pub(crate) fn trends(&mut self, space: &Space, observed: &ObservedTrials<'_>) -> Vec<Trend> {
        let objectives = observed.rows.first().map_or(0, |row| row.losses.len());
        if self.sources.studies().is_empty() || !(1..=2).contains(&objectives) {
            return Vec::new();
        }
        let sources = &self.sources;
        let surrogates = self.surrogates.get_or_insert_with(|| {
            let of = |objective| {
                let fit = |source| SourceSurrogate::fit(space, source, objective);
                sources.studies().iter().filter_map(fit).map(Arc::new).collect()
            };
            (0..objectives).map(of).collect()
        });
        surrogates.iter().enumerate().map(|(m, of)| trend(space, of, observed, m)).collect()
    }
}

/// The prior mean of one objective: the predictions of the sources, weighted by how well each has ranked
/// the results so far, in standard deviations of these results.
///
/// With weights `w_s` ([`automl_study::ranking_weights`]) and predictions `m_s`, it is `c sum_s w_s m_s` less its mean
/// at the results. If the sources are off by `r` on the new task, standardized results have the slope
/// `c = 1 / sqrt(v + r^2)`, where `v` is the variance of the sum at the results: the results tried first
/// are all good, so their spread is that of the errors and not that of the task.
fn trend(
    space: &Space,
    surrogates: &[Arc<SourceSurrogate>],
    observed: &ObservedTrials<'_>,
    objective: usize,
) -> Trend {
    let mut losses: Vec<f64> = observed.rows.iter().map(|row| row.losses[objective]).collect();
    // Between refits the trend stays as it is, so that new rows are appended only.
    let n = fitted_prefix(&losses);
    losses.truncate(n);
    let rows = &observed.rows[..n];
    let features = Features::new(space, false);
    let inputs: Vec<Vec<f64>> =
        rows.iter().map(|row| features.row(space, row.config, 1.0)).collect();
    let inputs = matrix(&inputs);
    let results = Results::new(
        surrogates.iter().map(|s| s.means(&inputs)).collect(),
        losses,
        rows.iter().map(|row| row.fidelity).collect(),
    );
    let (predictions, weights) = (&results.predictions, &results.weights);
    let trust = weights.iter().sum();
    let at = |i: usize| weights.iter().zip(predictions).map(|(w, m)| w * m[i]).sum::<f64>();
    let sums: Vec<f64> = (0..n).map(at).collect();
    let mean = sums.iter().sum::<f64>() / n.max(1) as f64;
    let variance = sums.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n.max(1) as f64;
    let slope = 1.0 / (variance + RESIDUAL * RESIDUAL).sqrt();
    let parts = weights.iter().zip(surrogates).filter(|(w, _)| **w > NEGLIGIBLE);
    let parts = parts.map(|(w, s)| WeightedSource { weight: slope * w, surrogate: s.clone() });
    Trend { parts: parts.collect(), shift: -slope * mean, trust, results }
}
