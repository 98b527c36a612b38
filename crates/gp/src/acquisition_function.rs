//! The function that a proposal maximizes: improvement, feasibility and cheapness, in logarithms.

mod gradient;
mod thompson;

pub(crate) use gradient::GradientWorkspace;
pub(crate) use thompson::standard_normals;

use crate::acquisition::{
    Scalarizations, ValueAndGradient, log_expected_hypervolume_improvement,
    log_expected_improvement, log_probability_of_feasibility, lower_confidence_bound,
};
use crate::regression::Posterior;
use crate::surrogate::matrix;
use nalgebra::DMatrix;

/// A surrogate of the objective with the values to improve on.
#[derive(Clone, Debug)]
pub(crate) struct WeightedSurrogate {
    pub(crate) posterior: Posterior,
    /// The incumbent of the posterior itself; then one for each of its fantasies.
    pub(crate) incumbents: Vec<f64>,
    /// Its weight in the average over surrogates.
    pub(crate) weight: f64,
}

/// The objective's term of the acquisition function.
#[derive(Clone, Debug)]
pub(crate) enum Objective {
    /// Log expected improvement, averaged over surrogates.
    ExpectedImprovement(Vec<WeightedSurrogate>),
    /// The lower confidence bound with this `beta`, averaged over surrogates.
    LowerConfidenceBound(Vec<WeightedSurrogate>, f64),
    /// Log expected hypervolume improvement of two objectives.
    HypervolumeImprovement {
        posteriors: Box<[Posterior; 2]>,
        front: Vec<[f64; 2]>,
        reference: [f64; 2],
    },
    /// Log expected improvement of scalarizations of more objectives.
    Scalarized { posteriors: Vec<Posterior>, improvement: Scalarizations },
    /// No term of the objective: the probability of feasibility alone.
    FeasibilityOnly,
}

/// The sum of the objective's term, the log probabilities of feasibility, and the negated expected
/// log cost.
#[derive(Clone, Debug)]
pub(crate) struct AcquisitionFunction {
    pub(crate) objective: Objective,
    /// Surrogates of black-box constraints, each with the limit that it must stay below.
    pub(crate) constraints: Vec<(Posterior, f64)>,
    /// The surrogate of the standardized log cost, and the standard deviation that undoes the
    /// standardization.
    pub(crate) cost: Option<(Posterior, f64)>,
}

/// The expected improvement that counts for nothing, as a share of what there is to gain.
const NEGLIGIBLE: f64 = 1e-3;

/// The smallest variance that is told from zero.
const MIN_VARIANCE: f64 = 1e-20;

/// The standard deviation of a variance.
fn deviation(variance: f64) -> f64 {
    variance.max(MIN_VARIANCE).sqrt()
}

/// The logarithm of the mean of exponentials, and each one's share of the mean.
fn log_mean_exp(values: &[f64]) -> (f64, Vec<f64>) {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return (top, vec![1.0 / values.len() as f64; values.len()]);
    }
    let shares: Vec<f64> = values.iter().map(|v| (v - top).exp()).collect();
    let sum: f64 = shares.iter().sum();
    let mean = top + (sum / values.len() as f64).ln();
    (mean, shares.into_iter().map(|s| s / sum).collect())
}

/// The confidence bound if `beta` is given, else the expected improvement on `best`.
fn term(beta: Option<f64>, mean: f64, sd: f64, best: f64) -> ValueAndGradient {
    match beta {
        Some(beta) => lower_confidence_bound(mean, sd, beta),
        None => log_expected_improvement(mean, sd, best),
    }
}

impl Objective {
    /// The surrogates that are averaged, and the `beta` of a confidence bound.
    fn surrogates(&self) -> Option<(&[WeightedSurrogate], Option<f64>)> {
        match self {
            Self::ExpectedImprovement(surrogates) => Some((surrogates, None)),
            Self::LowerConfidenceBound(surrogates, beta) => Some((surrogates, Some(*beta))),
            Self::HypervolumeImprovement { .. }
            | Self::Scalarized { .. }
            | Self::FeasibilityOnly => None,
        }
    }

    /// Adds the term at each row of features to `scores`.
    fn add_scores(&self, rows: &DMatrix<f64>, scores: &mut [f64]) {
        if let Some((surrogates, beta)) = self.surrogates() {
            for surrogate in surrogates {
                let (means, fantasies, variances) = surrogate.posterior.predict_all(rows);
                let incumbents = &surrogate.incumbents;
                for (i, score) in scores.iter_mut().enumerate() {
                    let sd = deviation(variances[i]);
                    let value = if fantasies.is_empty() {
                        term(beta, means[i], sd, incumbents[0]).value
                    } else {
                        let each = fantasies.iter().zip(&incumbents[1..]);
                        let each = each.map(|(m, best)| term(beta, m[i], sd, *best).value);
                        log_mean_exp(&each.collect::<Vec<_>>()).0
                    };
                    *score += surrogate.weight * value;
                }
            }
        } else if let Self::HypervolumeImprovement { posteriors, front, reference } = self {
            let [a, b] = posteriors.each_ref().map(|p| p.means_and_variances(rows));
            for (i, score) in scores.iter_mut().enumerate() {
                let sd = [a.1[i], b.1[i]].map(deviation);
                let mean = [a.0[i], b.0[i]];
                *score = log_expected_hypervolume_improvement(mean, sd, front, *reference).value;
            }
        } else if let Self::Scalarized { posteriors, improvement } = self {
            let each: Vec<_> = posteriors.iter().map(|p| p.means_and_variances(rows)).collect();
            let (mut by_mean, mut by_sd) = (vec![0.0; each.len()], vec![0.0; each.len()]);
            for (i, score) in scores.iter_mut().enumerate() {
                let mean: Vec<f64> = each.iter().map(|(means, _)| means[i]).collect();
                let sd: Vec<f64> = each.iter().map(|(_, vars)| deviation(vars[i])).collect();
                *score = improvement.value_and_gradient(&mean, &sd, &mut by_mean, &mut by_sd);
            }
        }
    }
}

impl AcquisitionFunction {
    /// Whether scalarizations expect next to no improvement at a row, and so nowhere if it is the best one.
    /// The logarithm still tells the points apart then, by tails of the models that no result supports.
    pub(crate) fn is_exhausted(&self, row: &[f64]) -> bool {
        if !matches!(self.objective, Objective::Scalarized { .. }) {
            return false;
        }
        let mut score = [0.0];
        self.objective.add_scores(&matrix(&[row]), &mut score);
        score[0] < NEGLIGIBLE.ln()
    }

    /// The acquisition function at each row of features.
    pub(crate) fn scores(&self, rows: &DMatrix<f64>) -> Vec<f64> {
        let mut scores = vec![0.0; rows.nrows()];
        self.objective.add_scores(rows, &mut scores);
        for (posterior, limit) in &self.constraints {
            let (means, variances) = posterior.means_and_variances(rows);
            for (i, score) in scores.iter_mut().enumerate() {
                let sd = deviation(variances[i]);
                *score += log_probability_of_feasibility(means[i], sd, *limit).value;
            }
        }
        if let Some((cost, sd)) = &self.cost {
            scores.iter_mut().zip(cost.means(rows)).for_each(|(s, c)| *s -= sd * c);
        }
        scores
    }
}
