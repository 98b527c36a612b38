//! Surrogates of losses: Gaussian processes over transformed losses, selected by evidence.

mod selection;
mod subset;
#[cfg(test)]
mod tests;

use crate::output_transform::TransformedOutputs;
use crate::regression::{Kernel, Observations, Posterior, PriorMean, Priors};
use nalgebra::DMatrix;
use selection::{FittedModel, select_models};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
pub(crate) use subset::best_and_spread;
pub(crate) use subset::fit_rows as fitted_prefix;
use subset::{conditioning_rows, fit_rows};

/// Rows of features as a matrix. `[rows, columns]`
pub(crate) fn matrix<R: AsRef<[f64]>>(rows: &[R]) -> DMatrix<f64> {
    let columns = rows.first().map_or(0, |r| r.as_ref().len());
    DMatrix::from_fn(rows.len(), columns, |i, j| rows[i].as_ref()[j])
}

/// A Gaussian process over transformed losses.
#[derive(Clone, Debug)]
pub(crate) struct Surrogate {
    pub(crate) posterior: Posterior,
    pub(crate) transformed: TransformedOutputs,
    /// The transformed losses of the rows that the posterior is conditioned on.
    pub(crate) outputs: Vec<f64>,
    /// Its share of the evidence of all surrogates.
    pub(crate) weight: f64,
}

/// Options of [`SurrogateCache::fit`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct SurrogateOptions<'a> {
    /// Whether outputs and inputs may be warped.
    pub(crate) warping: bool,
    /// The most surrogates that are averaged.
    pub(crate) components: usize,
    /// The columns of which the inputs may be warped.
    pub(crate) columns: &'a [usize],
    /// The most rows that a process is conditioned on; of more, half as many are kept.
    pub(crate) max_rows: usize,
    /// The prior mean in units of the transformed, standardized losses.
    pub(crate) trend: Option<&'a Arc<dyn PriorMean>>,
}

/// Caches fitted models and posteriors between proposals; both are functions of the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct SurrogateCache {
    key: u64,
    models: Vec<FittedModel>,
    posteriors: Vec<Posterior>,
}

/// A hash of everything that the selection of models depends on.
fn fingerprint(
    rows: &[Vec<f64>],
    y: &[f64],
    kernel: &Kernel,
    options: SurrogateOptions<'_>,
) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (kernel.columns(), kernel.scales(), options.warping, options.components).hash(&mut hasher);
    for row in rows {
        row.iter().for_each(|v| v.to_bits().hash(&mut hasher));
    }
    y.iter().for_each(|v| v.to_bits().hash(&mut hasher));
    if let Some(trend) = options.trend {
        trend.fingerprint().hash(&mut hasher);
    }
    hasher.finish()
}

impl SurrogateCache {
    /// The surrogates of these rows and losses by decreasing weight; none where no covariance is
    /// positive definite. A used cache gives the same surrogates as a fresh one.
    pub(crate) fn fit(
        &mut self,
        kernel: &Kernel,
        priors: &Priors,
        rows: &[Vec<f64>],
        y: &[f64],
        options: SurrogateOptions<'_>,
    ) -> Vec<Surrogate> {
        if rows.is_empty() || rows.len() != y.len() {
            return Vec::new();
        }
        let n = fit_rows(y);
        let key = fingerprint(&rows[..n], &y[..n], kernel, options);
        if key != self.key || self.models.is_empty() {
            self.models = select_models(kernel, priors, &rows[..n], &y[..n], options);
            self.posteriors.clear();
            self.key = key;
        }
        let top = self.models.first().map_or(0.0, |m| m.evidence);
        let weights: Vec<f64> = self.models.iter().map(|m| (m.evidence - top).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let kept = conditioning_rows(rows, y, options.max_rows);
        let is_subset = kept.len() < rows.len();
        if is_subset {
            self.posteriors.clear();
        }
        let mut surrogates = Vec::new();
        let mut posteriors = Vec::new();
        for (i, model) in self.models.iter().enumerate() {
            let transformed = model.transform.apply(y);
            let outputs: Vec<f64> = kept.iter().map(|&i| transformed.y[i]).collect();
            let posterior = if is_subset {
                let rows: Vec<&[f64]> = kept.iter().map(|&i| rows[i].as_slice()).collect();
                let data = Observations { x: &matrix(&rows), y: &outputs, noise: &[] };
                let trend = options.trend.cloned();
                Posterior::with_trend(&model.kernel, &model.hyper, data, priors.mean, trend).ok()
            } else {
                let old = self.posteriors.get(i);
                let prefix = Prefix { rows: n, mean_sd: priors.mean, trend: options.trend };
                extended(model, old, rows, &transformed.y, prefix)
            };
            let Some(posterior) = posterior else { continue };
            posteriors.push(posterior.clone());
            surrogates.push(Surrogate {
                posterior,
                transformed,
                outputs,
                weight: weights[i] / sum,
            });
        }
        if !is_subset && posteriors.len() == self.models.len() {
            self.posteriors = posteriors;
        }
        surrogates
    }
}

/// The rows of one factorization, and the mean of the process.
struct Prefix<'a> {
    rows: usize,
    mean_sd: f64,
    trend: Option<&'a Arc<dyn PriorMean>>,
}

/// The posterior of all rows: the prefix by one factorization and the others appended, starting
/// from `old` where the rows of that are a prefix.
fn extended(
    model: &FittedModel,
    old: Option<&Posterior>,
    rows: &[Vec<f64>],
    y: &[f64],
    Prefix { rows: n, mean_sd, trend }: Prefix<'_>,
) -> Option<Posterior> {
    let is_prefix = |p: &&Posterior| {
        let x = p.rows();
        x.nrows() >= n
            && x.nrows() <= rows.len()
            && (0..x.nrows()).all(|i| (0..x.ncols()).all(|c| x[(i, c)] == rows[i][c]))
    };
    let mut posterior = match old.filter(is_prefix) {
        Some(posterior) => posterior.clone(),
        None => {
            let data = Observations { x: &matrix(&rows[..n]), y: &y[..n], noise: &[] };
            let trend = trend.cloned();
            Posterior::with_trend(&model.kernel, &model.hyper, data, mean_sd, trend).ok()?
        }
    };
    for row in &rows[posterior.rows().nrows()..] {
        posterior.append(row, 0.0).ok()?;
    }
    posterior.set_outputs(y).ok()?;
    Some(posterior)
}
