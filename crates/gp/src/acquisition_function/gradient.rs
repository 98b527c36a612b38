//! The acquisition function at one row with its gradient in the features.

use super::{AcquisitionFunction, Objective, WeightedSurrogate, deviation, log_mean_exp, term};
use crate::acquisition::{
    ValueAndGradient, log_expected_hypervolume_improvement, log_probability_of_feasibility,
};
use crate::regression::{Prediction, PredictionWorkspace};

/// Buffers of [`AcquisitionFunction::value_and_gradient`].
#[derive(Clone, Debug, Default)]
pub(crate) struct GradientWorkspace {
    buffers: PredictionWorkspace,
    at: Prediction,
    other: Prediction,
    each: Vec<Prediction>,
}

/// Adds `factor * values` to `gradient`.
fn add(gradient: &mut [f64], factor: f64, values: &[f64]) {
    gradient.iter_mut().zip(values).for_each(|(g, v)| *g += factor * v);
}

impl AcquisitionFunction {
    /// The acquisition function at one row of features; writes its gradient. `[columns]`
    pub(crate) fn value_and_gradient(
        &self,
        row: &[f64],
        workspace: &mut GradientWorkspace,
        gradient: &mut [f64],
    ) -> f64 {
        gradient.fill(0.0);
        let mut total = self.objective.value_and_gradient(row, workspace, gradient);
        let GradientWorkspace { buffers, at, .. } = workspace;
        for (posterior, limit) in &self.constraints {
            posterior.predict_one(row, buffers, at);
            let sd = deviation(at.variance);
            let term = log_probability_of_feasibility(at.mean, sd, *limit);
            total += term.value;
            add(gradient, term.by_mean, &at.mean_gradient);
            add(gradient, term.by_sd / (2.0 * sd), &at.variance_gradient);
        }
        if let Some((cost, sd)) = &self.cost {
            cost.predict_one(row, buffers, at);
            total -= sd * at.mean;
            add(gradient, -sd, &at.mean_gradient);
        }
        total
    }
}

impl Objective {
    /// The objective's term at one row; adds its gradient.
    fn value_and_gradient(
        &self,
        row: &[f64],
        workspace: &mut GradientWorkspace,
        gradient: &mut [f64],
    ) -> f64 {
        let mut total = 0.0;
        if let Some((surrogates, beta)) = self.surrogates() {
            for surrogate in surrogates {
                let GradientWorkspace { buffers, at, .. } = workspace;
                surrogate.posterior.predict_one(row, buffers, at);
                total += surrogate.value_and_gradient(beta, at, gradient);
            }
        } else if let Self::HypervolumeImprovement { posteriors, front, reference } = self {
            let GradientWorkspace { buffers, at, other, .. } = workspace;
            posteriors[0].predict_one(row, buffers, at);
            posteriors[1].predict_one(row, buffers, other);
            let sd = [&*at, &*other].map(|p| deviation(p.variance));
            let mean = [at.mean, other.mean];
            let term = log_expected_hypervolume_improvement(mean, sd, front, *reference);
            total += term.value;
            for (j, p) in [&*at, &*other].into_iter().enumerate() {
                add(gradient, term.by_mean[j], &p.mean_gradient);
                add(gradient, term.by_sd[j] / (2.0 * sd[j]), &p.variance_gradient);
            }
        } else if let Self::Scalarized { posteriors, improvement } = self {
            let GradientWorkspace { buffers, each, .. } = workspace;
            each.resize_with(posteriors.len(), Prediction::default);
            for (posterior, at) in posteriors.iter().zip(each.iter_mut()) {
                posterior.predict_one(row, buffers, at);
            }
            let mean: Vec<f64> = each.iter().map(|at| at.mean).collect();
            let sd: Vec<f64> = each.iter().map(|at| deviation(at.variance)).collect();
            let (mut by_mean, mut by_sd) = (vec![0.0; sd.len()], vec![0.0; sd.len()]);
            total += improvement.value_and_gradient(&mean, &sd, &mut by_mean, &mut by_sd);
            for (j, at) in each.iter().enumerate() {
                add(gradient, by_mean[j], &at.mean_gradient);
                add(gradient, by_sd[j] / (2.0 * sd[j]), &at.variance_gradient);
            }
        }
        total
    }
}

impl WeightedSurrogate {
    /// The weighted term of one surrogate, the log mean over its fantasies; adds its gradient.
    fn value_and_gradient(&self, beta: Option<f64>, at: &Prediction, gradient: &mut [f64]) -> f64 {
        let sd = deviation(at.variance);
        let value;
        let mut by_sd = 0.0;
        if at.fantasies.is_empty() {
            let term = term(beta, at.mean, sd, self.incumbents[0]);
            value = term.value;
            add(gradient, self.weight * term.by_mean, &at.mean_gradient);
            by_sd = term.by_sd;
        } else {
            let each: Vec<ValueAndGradient> = at
                .fantasies
                .iter()
                .zip(&self.incumbents[1..])
                .map(|((mean, _), best)| term(beta, *mean, sd, *best))
                .collect();
            let (mean, shares) = log_mean_exp(&each.iter().map(|e| e.value).collect::<Vec<_>>());
            value = mean;
            for ((share, each), (_, slope)) in shares.iter().zip(&each).zip(&at.fantasies) {
                add(gradient, self.weight * share * each.by_mean, slope);
                by_sd += share * each.by_sd;
            }
        }
        add(gradient, self.weight * by_sd / (2.0 * sd), &at.variance_gradient);
        self.weight * value
    }
}
