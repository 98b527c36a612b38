//! Maximizing the acquisition function over continuous, discrete and conditional parameters.

mod ascent;
mod candidates;

use crate::acquisition_function::AcquisitionFunction;
use crate::features::Features;
use crate::surrogate::matrix;
use automl_numeric::order;
use automl_space::{Config, Prior, Space, Value};
use automl_study::History;
use rand::{Rng, RngExt};
use std::borrow::{Borrow, Cow};

/// The Euclidean distance in the unit cube below which a proposal repeats a running trial: the two
/// would tell the same.
const MIN_DISTANCE: f64 = 1e-3;

/// Spaces up to this size are enumerated.
const MAX_ENUMERATED_CONFIGS: u128 = 2048;

/// How many evaluations of the acquisition function one proposal may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OptimizerBudget {
    /// Candidates that are scored before the best of them are improved.
    pub(crate) candidates: usize,
    /// Candidates that are improved.
    pub(crate) starts: usize,
    /// Evaluations of one gradient ascent.
    pub(crate) evaluations: usize,
}

/// Searches for the untried configuration with the largest acquisition function.
#[derive(Debug)]
pub(crate) struct AcquisitionOptimizer<'a> {
    pub(crate) space: &'a Space,
    pub(crate) features: &'a Features,
    pub(crate) history: &'a History,
    /// The configurations that are compared; where there are none, those of a search over the space.
    pub(crate) among: &'a [Config],
    /// The unit positions of running trials, which proposals keep away from.
    pub(crate) running: &'a [Vec<f64>],
    pub(crate) acquisition: &'a AcquisitionFunction,
    /// The exponent of users' priors (piBO): this times the log density is added.
    pub(crate) prior_weight: f64,
    /// The bounds of each unit position within a trust region; the unit cube if absent.
    pub(crate) bounds: Option<&'a [(f64, f64)]>,
    pub(crate) budget: OptimizerBudget,
}

impl AcquisitionOptimizer<'_> {
    /// Whether a configuration may be proposed.
    fn is_open(&self, config: &Config) -> bool {
        self.space.allows(config) && !self.history.seen(config) && self.is_apart(config)
    }

    /// Whether a configuration lies at least [`MIN_DISTANCE`] from every running trial.
    fn is_apart(&self, config: &Config) -> bool {
        if self.running.is_empty() {
            return true;
        }
        let unit = self.space.encode(config).unit;
        self.running.iter().all(|running| {
            let squares = unit.iter().zip(running).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f64>() >= MIN_DISTANCE * MIN_DISTANCE
        })
    }

    /// The log density of users' priors times [`AcquisitionOptimizer::prior_weight`].
    fn log_prior(&self, config: &Config) -> f64 {
        if self.prior_weight == 0.0 {
            return 0.0;
        }
        let one = |(i, param): (usize, &automl_space::Param)| {
            let (Some(value), Some(prior)) = (config.value(i), param.prior()) else { return 0.0 };
            match (prior, value) {
                (Prior::Weights { weights }, Value::Category(index)) => {
                    let sum: f64 = weights.iter().sum();
                    (weights.get(index).copied().unwrap_or(0.0) / sum).max(1e-3).ln()
                }
                _ => {
                    let (mean, sd) = prior.unit_normal(param.domain()).unwrap_or((0.5, 1.0));
                    -0.5 * ((param.domain().to_unit(value) - mean) / sd).powi(2)
                }
            }
        };
        self.prior_weight * self.space.params().iter().enumerate().map(one).sum::<f64>()
    }

    /// The acquisition function and the weighted log prior of each configuration.
    fn scores<C: Borrow<Config>>(&self, configs: &[C]) -> Vec<f64> {
        if configs.is_empty() {
            return Vec::new();
        }
        let row = |c: &C| self.features.row(self.space, c.borrow(), 1.0);
        let rows: Vec<_> = configs.iter().map(row).collect();
        let scores = self.acquisition.scores(&matrix(&rows));
        scores.iter().zip(configs).map(|(s, c)| s + self.log_prior(c.borrow())).collect()
    }

    /// The best configuration found; `parents` are good ones, best first. `None` where every
    /// candidate was tried or is forbidden.
    pub(crate) fn best(&self, parents: &[&Config], rng: &mut dyn Rng) -> Option<Config> {
        if let Some(open) = self.enumerated() {
            let scores = self.scores(&open);
            let best = (0..open.len()).min_by(|&a, &b| order::compare(-scores[a], -scores[b]));
            return best.map(|i| open[i].clone().into_owned());
        }
        let mut candidates = self.candidates(parents, rng);
        candidates.retain(|c| self.is_open(c));
        let scores = self.scores(&candidates);
        let mut ranked: Vec<usize> = (0..candidates.len()).collect();
        ranked.sort_by(|&a, &b| order::compare(-scores[a], -scores[b]));
        let first = *ranked.first()?;
        let mut winner = (candidates[first].clone(), scores[first]);
        for &start in ranked.iter().take(self.budget.starts) {
            let here = self.improved((candidates[start].clone(), scores[start]), rng);
            if let Some(here) = here
                && here.1 > winner.1
            {
                winner = here;
            }
        }
        Some(winner.0)
    }

    /// The best candidate under one joint draw of the surrogates: Thompson sampling.
    pub(crate) fn best_of_draw(&self, parents: &[&Config], rng: &mut dyn Rng) -> Option<Config> {
        let mut candidates = self.enumerated().unwrap_or_else(|| {
            let all = self.candidates(parents, rng).into_iter();
            all.filter(|c| self.is_open(c)).map(Cow::Owned).collect()
        });
        // A draw costs the cube of the number of candidates.
        while candidates.len() > self.budget.candidates {
            candidates.swap_remove(rng.random_range(0..candidates.len()));
        }
        if candidates.is_empty() {
            return None;
        }
        let row = |c: &Cow<'_, Config>| self.features.row(self.space, c, 1.0);
        let rows: Vec<Vec<f64>> = candidates.iter().map(row).collect();
        let drawn = self.acquisition.draw(&matrix(&rows), rng)?;
        let score = |i: usize| drawn[i] + self.log_prior(&candidates[i]);
        let best = (0..candidates.len()).min_by(|&a, &b| order::compare(-score(a), -score(b)))?;
        Some(candidates.swap_remove(best).into_owned())
    }

    /// All configurations that may be proposed, where a list is given or the space is small.
    fn enumerated(&self) -> Option<Vec<Cow<'_, Config>>> {
        let listed: Vec<_> =
            self.among.iter().filter(|c| self.is_open(c)).map(Cow::Borrowed).collect();
        if !listed.is_empty() {
            return Some(listed);
        }
        let all = self.space.configs().filter(|_| self.is_small())?;
        Some(all.filter(|c| self.is_open(c)).map(Cow::Owned).collect())
    }

    /// Whether all configurations of the space can be enumerated.
    fn is_small(&self) -> bool {
        let counts = self.space.params().iter().map(|p| p.domain().cardinality());
        let most = counts.into_iter().try_fold(1_u128, |size, n| size.checked_mul(n?));
        most.is_some_and(|most| most <= MAX_ENUMERATED_CONFIGS * 64)
            && self.space.size().is_some_and(|size| size <= MAX_ENUMERATED_CONFIGS)
    }
}
