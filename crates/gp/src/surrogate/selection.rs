//! Model selection: output transform, kernel family and input warping by evidence.

use super::subset::best_and_spread;
use super::{SurrogateOptions, matrix};
use crate::output_transform::{OutputTransform, TRANSFORMS};
use crate::regression::{Hyperparameters, Kernel, KernelFamily, Observations, Priors, fit};
use automl_numeric::order;

/// The most rows that hyperparameters are fitted to.
const FIT_ROWS: usize = 256;
/// The most rows that transforms and families are compared on.
const COMPARE_ROWS: usize = 96;
/// The log evidence below the best at which a model is left out of the average.
const EVIDENCE_MARGIN: f64 = 3.0;

/// A kernel and an output transform with fitted hyperparameters.
#[derive(Clone, Debug)]
pub(super) struct FittedModel {
    pub(super) kernel: Kernel,
    pub(super) transform: OutputTransform,
    pub(super) hyper: Hyperparameters,
    /// The log evidence of the losses: that of the transformed ones, the log prior and the log
    /// Jacobian determinant of the transform.
    pub(super) evidence: f64,
}

/// The rows and losses that models are compared on.
struct Selection<'a> {
    priors: &'a Priors,
    rows: &'a [Vec<f64>],
    y: &'a [f64],
    /// The prior mean at each row; empty if there is none.
    trend: Vec<f64>,
    models: Vec<FittedModel>,
}

impl Selection<'_> {
    /// The model with its hyperparameters fitted to these rows, from the present ones.
    fn fitted(&self, model: &FittedModel, at: &[usize], evaluations: usize) -> Option<FittedModel> {
        let x: Vec<&[f64]> = at.iter().map(|&i| self.rows[i].as_slice()).collect();
        let transformed = model.transform.apply(self.y);
        let trend = |i: usize| self.trend.get(i).copied().unwrap_or(0.0);
        let y: Vec<f64> = at.iter().map(|&i| transformed.y[i] - trend(i)).collect();
        let data = Observations { x: &matrix(&x), y: &y, noise: &[] };
        let fit = fit(&model.kernel, data, self.priors, &model.hyper, evaluations)?;
        let evidence = fit.log_posterior + transformed.log_jacobian(at);
        Some(FittedModel { hyper: fit.hyper, evidence, ..model.clone() })
    }

    /// Adds a model, if it could be fitted, and sorts by decreasing evidence.
    fn add(&mut self, model: Option<FittedModel>) {
        self.models.extend(model);
        self.models.sort_by(|a, b| order::compare(-a.evidence, -b.evidence));
    }
}

/// The models of largest evidence, best first: every output transform with a Matern 5/2 kernel, the
/// best transform with a squared exponential one, and the best of both with input warping.
pub(super) fn select_models(
    kernel: &Kernel,
    priors: &Priors,
    rows: &[Vec<f64>],
    y: &[f64],
    options: SurrogateOptions<'_>,
) -> Vec<FittedModel> {
    let trend = options.trend.map(|trend| trend.values(&matrix(rows))).unwrap_or_default();
    let mut selection = Selection { priors, rows, y, trend, models: Vec::new() };
    let few = best_and_spread(y, COMPARE_ROWS);
    let consider = |selection: &mut Selection<'_>, family, transform, hyper| {
        let kernel = kernel.with_family(family);
        let model = FittedModel { kernel, transform, hyper, evidence: f64::NEG_INFINITY };
        let is_first = selection.models.is_empty();
        let evaluations = if is_first || y.len() <= COMPARE_ROWS { 30 } else { 12 };
        let fitted = selection.fitted(&model, &few, evaluations);
        selection.add(fitted);
    };
    let lengths: Vec<f64> = priors.lengths.iter().map(|(mean, _)| mean.exp()).collect();
    let start = Hyperparameters { lengths, signal: 1.0, noise: 1e-3 };
    let all = options.warping && y.len() > 3;
    let transforms = if all { &TRANSFORMS[..] } else { &TRANSFORMS[..1] };
    for transform in transforms {
        let best = selection.models.first();
        let from = best.map_or_else(|| start.clone(), |best| best.hyper.clone());
        consider(&mut selection, KernelFamily::Matern52, *transform, from);
    }
    if let Some(best) = selection.models.first().cloned() {
        consider(&mut selection, KernelFamily::Rbf, best.transform, best.hyper);
    }
    if options.warping
        && !options.columns.is_empty()
        && y.len() >= 2 * (options.columns.len() + 2)
        && let Some(best) = selection.models.first().cloned()
    {
        let kernel = best.kernel.warped(options.columns.to_vec());
        let mut model = FittedModel { kernel, ..best };
        model.hyper.lengths.resize(model.kernel.scales(), 1.0);
        // One unit of evidence for each further parameter (Akaike 1974).
        let penalty = 2.0 * options.columns.len() as f64;
        let found = selection.fitted(&model, &few, 20);
        selection.add(found.map(|m| FittedModel { evidence: m.evidence - penalty, ..m }));
    }
    let mut models = std::mem::take(&mut selection.models);
    let least = models.first().map_or(0.0, |best| best.evidence - EVIDENCE_MARGIN);
    models.retain(|m| m.evidence >= least);
    models.truncate(options.components.max(1));
    if few.len() < y.len() {
        let more = best_and_spread(y, FIT_ROWS);
        models.truncate(1);
        models = models.into_iter().map(|m| selection.fitted(&m, &more, 12).unwrap_or(m)).collect();
    }
    models
}
