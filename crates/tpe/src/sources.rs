//! Densities of earlier studies as soft priors.

use crate::Bandwidth;
use crate::dominance::by_dominance;
use crate::parzen::{Form, Logs, ParzenEstimator};
use crate::settings::Settings;
use automl_numeric::order;
use automl_space::{Config, Space};
use automl_study::{Fidelity, History, Source, Sources, Trial, ranking_evidence, ranking_weights};
use rand::{Rng, RngExt};

/// The share of an earlier study's trials in its good density.
const GOOD_SHARE: f64 = 0.15;

/// The number of trials after which the sources' share of the good density has halved.
const HALF: f64 = 20.0;

/// The most trials by which sources are weighted.
const COMPARED: usize = 100;

/// Good and bad density of one earlier study.
#[derive(Clone, Debug)]
struct SourceDensity {
    good: ParzenEstimator,
    bad: ParzenEstimator,
    /// Mean and standard deviation of `ln g(x) - ln l(x)` over the study's own trials.
    scale: (f64, f64),
}

/// The good densities of earlier studies, weighted by how well each study's density ratio has ranked
/// the results so far.
///
/// With the weights `w_s` of [`ranking_weights`] after `n` trials, the good density becomes
/// `(1 - a) l(x) + a sum_s w_s l_s(x) / sum_s w_s` with `a = sum_s w_s / (1 + n / 20)`.
///
/// # Source
/// Hvarfner et al. (2022), "piBO: Augmenting Acquisition Functions with User Beliefs for Bayesian
/// Optimization", for priors that decay.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceDensities {
    sources: Sources,
    densities: Option<Vec<SourceDensity>>,
    weights: Vec<f64>,
    /// The fidelity and the loss of each result by which the sources are weighted.
    results: Vec<(Fidelity, f64)>,
    /// What the sources predict of them. `[sources][results]`
    predictions: Vec<Vec<f64>>,
    /// The share `a` of the sources in the good density.
    share: f64,
    /// The mean score of the results by the weighted sources.
    mean: f64,
}

impl SourceDensities {
    pub(crate) fn new(sources: &Sources) -> Self {
        Self { sources: sources.clone(), ..Self::default() }
    }

    /// Weighs the sources by the results so far. Returns the trust in all of them, in `[0, 1)`; `None`
    /// without sources.
    pub(crate) fn weigh(
        &mut self,
        space: &Space,
        history: &History,
        settings: &Settings,
    ) -> Option<f64> {
        if self.sources.studies().is_empty() {
            return None;
        }
        let studies = self.sources.studies();
        let densities = self.densities.get_or_insert_with(|| {
            studies.iter().filter_map(|s| SourceDensity::fit(space, s, settings)).collect()
        });
        let results = results(history);
        let predict = |density: &SourceDensity| {
            results.iter().map(|(trial, _)| density.score(&trial.config)).collect()
        };
        self.predictions = densities.iter().map(predict).collect();
        self.results = results.iter().map(|(trial, loss)| (trial.fidelity(), *loss)).collect();
        self.weights = ranking_weights(&self.predictions, &self.losses(), self.alike());
        let trust = self.weights.iter().sum::<f64>();
        self.share = trust / (1.0 + history.finished() as f64 / HALF);
        let n = results.len().max(1) as f64;
        self.mean = self.weighted(|source| self.predictions[source].iter().sum::<f64>() / n);
        Some(trust)
    }

    /// What the results can tell about the sources ([`ranking_evidence`]).
    pub(crate) fn evidence(&self) -> f64 {
        ranking_evidence(&self.predictions, &self.losses(), &self.weights, self.alike())
    }

    /// The losses of the results.
    fn losses(&self) -> Vec<f64> {
        self.results.iter().map(|(_, loss)| *loss).collect()
    }

    /// Whether two results are of one fidelity, and so comparable.
    fn alike(&self) -> impl Fn(usize, usize) -> bool {
        |i, j| self.results[i].0 == self.results[j].0
    }

    /// The weighted mean over the sources of a number that each has.
    fn weighted(&self, number: impl Fn(usize) -> f64) -> f64 {
        let total: f64 = self.weights.iter().sum();
        let parts = self.weights.iter().enumerate().map(|(source, w)| w * number(source));
        parts.sum::<f64>() / total.max(1e-300)
    }

    /// The score of a configuration by the weighted sources less the mean one of the results.
    pub(crate) fn contrast(&self, config: &Config) -> f64 {
        let Some(densities) = &self.densities else { return 0.0 };
        self.weighted(|source| densities[source].score(config)) - self.mean
    }

    /// Leaves the sources out until they are weighed again.
    pub(crate) fn leave_out(&mut self) {
        self.share = 0.0;
    }

    /// The source from which a candidate is drawn; `None` for the study's own good density.
    pub(crate) fn drawn(&self, rng: &mut dyn Rng) -> Option<&ParzenEstimator> {
        if self.share == 0.0 || rng.random::<f64>() >= self.share {
            return None;
        }
        let mut left = rng.random::<f64>() * self.weights.iter().sum::<f64>();
        let densities = self.densities.iter().flatten();
        let drawn = densities.zip(&self.weights).find(|(_, weight)| {
            left -= **weight;
            left < 0.0
        });
        drawn.map(|(density, _)| &density.good)
    }

    /// Mixes the sources' good densities into the log densities of `points` `[n, d]`.
    pub(crate) fn mix(&self, points: &[f64], logs: &mut Logs, own: &mut [f64]) {
        let Some(densities) = self.densities.as_ref().filter(|_| self.share > 0.0) else { return };
        let total = self.weights.iter().sum::<f64>();
        let mut each = Vec::new();
        own.iter_mut().for_each(|log| *log += (1.0 - self.share).ln());
        for (density, weight) in densities.iter().zip(&self.weights) {
            each.clear();
            density.good.log_densities(Form::Joint, points, logs, &mut each);
            let log_weight = (self.share * weight / total).max(1e-300).ln();
            for (own, log) in own.iter_mut().zip(&each) {
                let (high, low) = (own.max(log + log_weight), own.min(log + log_weight));
                *own = high + (low - high).exp().ln_1p();
            }
        }
    }
}

impl SourceDensity {
    /// The densities of an earlier study; `None` for fewer than three trials.
    fn fit(space: &Space, source: &Source, settings: &Settings) -> Option<Self> {
        let trials = &source.trials;
        if trials.len() < 3 {
            return None;
        }
        let key = |i: &usize| (trials[*i].violation + 0.0, !trials[*i].complete);
        let mut ranked: Vec<usize> = (0..trials.len()).collect();
        ranked.sort_by(|a, b| {
            let ((va, ca), (vb, cb)) = (key(a), key(b));
            order::compare(va, vb).then(ca.cmp(&cb))
        });
        let mut sorted = Vec::with_capacity(ranked.len());
        for alike in ranked.chunk_by(|a, b| key(a) == key(b)) {
            let losses: Vec<&[f64]> = alike.iter().map(|&i| trials[i].losses.as_slice()).collect();
            sorted.extend(by_dominance(&losses, alike.len()).into_iter().map(|at| alike[at]));
        }
        let good = ((sorted.len() as f64 * GOOD_SHARE).ceil() as usize).max(2);
        let configs: Vec<&Config> = sorted.iter().map(|&i| &trials[i].config).collect();
        let density = |configs: &[&Config], bandwidth: Bandwidth| {
            ParzenEstimator::new(space, configs, &[], 1.0, 0.0, bandwidth)
        };
        let mut fitted = Self {
            good: density(&configs[..good], settings.good_bandwidth),
            bad: density(&configs[good..], settings.bad_bandwidth),
            scale: (0.0, 1.0),
        };
        let scores: Vec<f64> = configs.iter().map(|config| fitted.score(config)).collect();
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let square = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / scores.len() as f64;
        fitted.scale = (mean, square.sqrt().max(1e-9));
        Some(fitted)
    }

    /// The standardized logarithm of `g(x) / l(x)`: small where the study had good trials.
    fn score(&self, config: &Config) -> f64 {
        let log = self.bad.log_density(config) - self.good.log_density(config);
        (log - self.scale.0) / self.scale.1
    }
}

/// The latest trials with losses, each with its first loss, or of several objectives with the number
/// of trials that dominate it.
fn results(history: &History) -> Vec<(&Trial, f64)> {
    let with_losses = |trial: &&Trial| {
        trial.last_values().is_some_and(|values| values.iter().all(|value| !value.is_nan()))
    };
    let mut trials: Vec<&Trial> =
        history.trials().iter().rev().filter(with_losses).take(COMPARED).collect();
    trials.reverse();
    let losses = |trial: &&Trial| history.losses(trial.last_values().unwrap_or_default());
    let all: Vec<Vec<f64>> = trials.iter().map(losses).collect();
    let loss: Vec<f64> = if history.directions().len() > 1 {
        automl_numeric::pareto::domination_counts(&all).into_iter().map(|n| n as f64).collect()
    } else {
        all.iter().map(|losses| losses[0]).collect()
    };
    trials.into_iter().zip(loss).collect()
}
