//! The surrogate of one earlier study over the space of a new one.

use crate::features::Features;
use crate::regression::{
    Hyperparameters, Kernel, KernelFamily, Observations, Posterior, Prediction,
    PredictionWorkspace, Priors, fit,
};
use crate::surrogate::{best_and_spread, matrix};
use automl_numeric::{normal, order};
use automl_space::{Config, Space};
use automl_study::Source;
use nalgebra::DMatrix;

/// The most trials that a surrogate is conditioned on.
const MAX_ROWS: usize = 200;

/// The most trials that its hyperparameters are fitted to.
const FIT_ROWS: usize = 100;

/// The evaluations of the evidence of one fit.
const EVALUATIONS: usize = 40;

/// A Gaussian process of one earlier study over the space of a new one.
///
/// The losses of an objective become normal scores, `Phi^-1((rank - 1/2) / n)`, so that studies with
/// losses of different units and outliers are comparable. Infeasible trials rank behind feasible
/// ones, and trials of low fidelity behind those of the highest one. Parameters that the earlier study
/// did not have change no prediction.
///
/// # Source
/// Salinas, Shen & Perrone (2020), "A Quantile-based Approach for Hyperparameter Transfer Learning",
/// section 3, for the normal scores.
///
/// # Examples
/// ```
/// use automl_gp::SourceSurrogate;
/// use automl_space::Space;
/// use automl_study::{Source, SourceTrial};
///
/// let mut builder = Space::builder();
/// builder.float("x", 0.0..=1.0).add()?;
/// let space = builder.build()?;
/// let trial = |i: i32| {
///     let x = (f64::from(i) + 0.5) / 20.0;
///     let losses = vec![(x - 0.3).powi(2)];
///     SourceTrial { config: space.decode(&[x]), losses, violation: 0.0, complete: true }
/// };
/// let trials = (0..20).map(trial).collect();
/// let source = Source { name: "earlier".into(), known: vec![true], trials };
/// let surrogate = SourceSurrogate::fit(&space, &source, 0).expect("the losses differ");
/// let at = |x| surrogate.predict(&space, &space.decode(&[x])).0;
/// assert!(at(0.3) < -1.0 && at(0.9) > 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SourceSurrogate {
    posterior: Posterior,
    features: Features,
    /// Columns of parameters that the earlier study did not have, with a value for all rows.
    masked: Vec<(usize, f64)>,
}

impl SourceSurrogate {
    /// Fits the surrogate of one objective; `None` for fewer than three trials, and for trials with
    /// equal losses.
    pub fn fit(space: &Space, source: &Source, objective: usize) -> Option<Self> {
        let trials: Vec<_> = source.trials.iter().filter(|t| t.losses.len() > objective).collect();
        let key = |i: usize| {
            let trial = trials[i];
            (trial.violation + 0.0, !trial.complete, trial.losses[objective])
        };
        let compare = |a: usize, b: usize| {
            let ((va, ca, la), (vb, cb, lb)) = (key(a), key(b));
            order::compare(va, vb).then(ca.cmp(&cb)).then(order::compare(la, lb))
        };
        let scores = normal_scores(trials.len(), compare);
        if scores.len() < 3 || scores.iter().all(|score| *score == scores[0]) {
            return None;
        }
        let features = Features::new(space, false);
        let mut rows: Vec<Vec<f64>> =
            trials.iter().map(|trial| features.row(space, &trial.config, 1.0)).collect();
        let unknown = source.known.iter().enumerate().filter(|(_, known)| !**known);
        let columns = unknown.flat_map(|(parameter, _)| features.columns_of(parameter));
        let masked: Vec<(usize, f64)> = columns.map(|column| (column, rows[0][column])).collect();
        for row in &mut rows {
            masked.iter().for_each(|(column, value)| row[*column] = *value);
        }
        let kernel = Kernel::new(KernelFamily::Matern52, features.columns());
        let priors = Priors::scaled(kernel.scales()).shifted(&features.log_length_shifts(space));
        let lengths = priors.lengths.iter().map(|(mean, _)| mean.exp()).collect();
        let start = Hyperparameters { lengths, signal: 1.0, noise: 1e-2 };
        let chosen = |most: usize| {
            let kept = best_and_spread(&scores, most);
            let x: Vec<&[f64]> = kept.iter().map(|&i| rows[i].as_slice()).collect();
            (matrix(&x), kept.iter().map(|&i| scores[i]).collect::<Vec<f64>>())
        };
        let (x, y) = chosen(FIT_ROWS);
        let data = Observations { x: &x, y: &y, noise: &[] };
        let hyper = fit(&kernel, data, &priors, &start, EVALUATIONS)?.hyper;
        let (x, y) = chosen(MAX_ROWS);
        let data = Observations { x: &x, y: &y, noise: &[] };
        let posterior = Posterior::new(&kernel, &hyper, data, priors.mean).ok()?;
        Some(Self { posterior, features, masked })
    }

    /// Mean and variance of the normal score at a configuration; small means are good.
    pub fn predict(&self, space: &Space, config: &Config) -> (f64, f64) {
        let row = self.masked(&self.features.row(space, config, 1.0));
        let (means, variances) = self.posterior.means_and_variances(&matrix(&[row]));
        (means[0], variances[0])
    }

    /// The means at rows of features, of which further columns do not count. `[rows]`
    pub(crate) fn means(&self, rows: &DMatrix<f64>) -> Vec<f64> {
        let columns = self.posterior.rows().ncols();
        let mut own = rows.columns(0, columns).into_owned();
        for (column, value) in &self.masked {
            own.column_mut(*column).fill(*value);
        }
        self.posterior.means(&own)
    }

    /// The mean at one row; adds `weight` times its gradient.
    pub(crate) fn add_gradient(&self, row: &[f64], weight: f64, gradient: &mut [f64]) -> f64 {
        let mut at = Prediction::default();
        self.posterior.predict_one(&self.masked(row), &mut PredictionWorkspace::default(), &mut at);
        for (column, slope) in at.mean_gradient.iter().enumerate() {
            if !self.masked.iter().any(|(masked, _)| *masked == column) {
                gradient[column] += weight * slope;
            }
        }
        at.mean
    }

    /// The own columns of a row, with the masked ones at their value.
    fn masked(&self, row: &[f64]) -> Vec<f64> {
        let mut row = row[..self.posterior.rows().ncols()].to_vec();
        self.masked.iter().for_each(|(column, value)| row[*column] = *value);
        row
    }
}

/// `Phi^-1((rank - 1/2) / n)` of the items `0..n` in this order; equal ones share their mean rank.
fn normal_scores(n: usize, compare: impl Fn(usize, usize) -> std::cmp::Ordering) -> Vec<f64> {
    let mut sorted: Vec<usize> = (0..n).collect();
    sorted.sort_by(|&a, &b| compare(a, b));
    let mut scores = vec![0.0; n];
    let mut below = 0;
    for equal in sorted.chunk_by(|&a, &b| compare(a, b).is_eq()) {
        let middle = below as f64 + 0.5 * equal.len() as f64;
        equal.iter().for_each(|&i| scores[i] = normal::quantile(middle / n as f64));
        below += equal.len();
    }
    scores
}
