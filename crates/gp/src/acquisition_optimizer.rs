//! Maximising a criterion over a space with continuous, discrete and conditional parameters.

use crate::acquisition_function::{Criterion, Work};
use crate::features::Features;
use crate::lbfgs::{self, Stop};
use crate::surrogate::matrix;
use automl_numeric::order;
use automl_space::{Config, Domain, Prior, Space, Value};
use automl_study::{History, sobol_point};
use rand::{Rng, RngExt};

/// Values of a discrete parameter that are all tried; of larger domains a sample is.
const ALL_VALUES: u128 = 24;
/// Spaces up to this size are searched completely.
const ALL_CONFIGS: u128 = 2048;
/// Rounds of alternation between continuous and discrete parameters.
const ROUNDS: usize = 3;

/// How much is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effort {
    /// Candidates that the criterion is evaluated at before the best are improved.
    pub(crate) candidates: usize,
    /// How many candidates are improved.
    pub(crate) starts: usize,
    /// Evaluations of one gradient ascent.
    pub(crate) evaluations: usize,
}

/// A search for the best configuration that was not tried yet.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    pub(crate) space: &'a Space,
    pub(crate) features: &'a Features,
    pub(crate) history: &'a History,
    pub(crate) criterion: &'a Criterion,
    /// The strength of users' priors: the criterion gains this times the log density.
    pub(crate) belief: f64,
    /// The box that unit positions must lie in, if not the whole cube.
    pub(crate) region: Option<&'a [(f64, f64)]>,
    pub(crate) effort: Effort,
}

impl Search<'_> {
    /// Whether a configuration may be proposed.
    fn is_open(&self, config: &Config) -> bool {
        self.space.allows(config) && !self.history.seen(config)
    }

    /// The log density of users' priors, times the strength of the belief.
    fn believed(&self, config: &Config) -> f64 {
        if self.belief == 0.0 {
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
        self.belief * self.space.params().iter().enumerate().map(one).sum::<f64>()
    }

    fn scores(&self, configs: &[Config]) -> Vec<f64> {
        if configs.is_empty() {
            return Vec::new();
        }
        let rows: Vec<_> = configs.iter().map(|c| self.features.row(self.space, c, 1.0)).collect();
        let scores = self.criterion.scores(&matrix(&rows));
        scores.iter().zip(configs).map(|(s, c)| s + self.believed(c)).collect()
    }

    /// The best configuration found; `parents` are good ones, best first. None where no candidate
    /// is open.
    pub(crate) fn best(&self, parents: &[&Config], rng: &mut dyn Rng) -> Option<Config> {
        if self.is_small() {
            let open: Vec<Config> = self.space.configs()?.filter(|c| self.is_open(c)).collect();
            let scores = self.scores(&open);
            let best = (0..open.len()).min_by(|&a, &b| order::compare(-scores[a], -scores[b]));
            return best.map(|i| open[i].clone());
        }
        let mut candidates = self.candidates(parents, rng);
        candidates.retain(|c| self.is_open(c));
        let scores = self.scores(&candidates);
        let mut ranked: Vec<usize> = (0..candidates.len()).collect();
        ranked.sort_by(|&a, &b| order::compare(-scores[a], -scores[b]));
        let first = *ranked.first()?;
        let mut winner = (candidates[first].clone(), scores[first]);
        for &start in ranked.iter().take(self.effort.starts) {
            let here = self.improved((candidates[start].clone(), scores[start]), rng);
            if let Some(here) = here
                && here.1 > winner.1
            {
                winner = here;
            }
        }
        Some(winner.0)
    }

    /// The best of many candidates by one draw of the criterion: Thompson sampling.
    pub(crate) fn best_of_draw(&self, parents: &[&Config], rng: &mut dyn Rng) -> Option<Config> {
        let mut candidates = if self.is_small() {
            self.space.configs()?.collect()
        } else {
            self.candidates(parents, rng)
        };
        candidates.retain(|c| self.is_open(c));
        // A draw costs the cube of their number.
        while candidates.len() > self.effort.candidates {
            candidates.swap_remove(rng.random_range(0..candidates.len()));
        }
        if candidates.is_empty() {
            return None;
        }
        let row = |c: &Config| self.features.row(self.space, c, 1.0);
        let rows: Vec<Vec<f64>> = candidates.iter().map(row).collect();
        let drawn = self.criterion.draw(&matrix(&rows), rng)?;
        let score = |i: usize| drawn[i] + self.believed(&candidates[i]);
        let best = (0..candidates.len()).min_by(|&a, &b| order::compare(-score(a), -score(b)))?;
        Some(candidates.swap_remove(best))
    }

    /// Whether all configurations can be gone through.
    fn is_small(&self) -> bool {
        let counts = self.space.params().iter().map(|p| p.domain().cardinality());
        let most = counts.into_iter().try_fold(1_u128, |size, n| size.checked_mul(n?));
        most.is_some_and(|most| most <= ALL_CONFIGS * 64)
            && self.space.size().is_some_and(|size| size <= ALL_CONFIGS)
    }

    /// Quasi-random points, and changes of good ones at several scales.
    fn candidates(&self, parents: &[&Config], rng: &mut dyn Rng) -> Vec<Config> {
        let d = self.space.len();
        let scramble = rng.random::<u64>();
        let local = if parents.is_empty() { 0 } else { self.effort.candidates / 3 };
        let global = self.effort.candidates - local;
        let within = |i: usize, u: f64| match self.region {
            Some(region) => region[i].0 + u * (region[i].1 - region[i].0),
            None => u,
        };
        let mut all: Vec<Config> = (0..global as u64)
            .map(|k| {
                let point = sobol_point(k, d, scramble);
                let moved: Vec<f64> =
                    point.iter().enumerate().map(|(i, u)| within(i, *u)).collect();
                self.space.decode(&moved)
            })
            .collect();
        for k in 0..local {
            let parent = parents[k % parents.len()];
            let spread = 10.0_f64.powf(-3.0 * rng.random::<f64>());
            // A third of the changes touches a few parameters, the others about all.
            let share = if k % 3 == 0 { (2.0 / d as f64).min(1.0) } else { 1.0 };
            let sure = rng.random_range(0..d);
            all.push(self.space.build_config(|i, param| match parent.value(i) {
                Some(value) if i != sure && rng.random::<f64>() >= share => value,
                Some(value) if param.domain().is_ordered() => {
                    let step = spread * (2.0 * rng.random::<f64>() - 1.0);
                    let (low, high) = self.region.map_or((0.0, 1.0), |r| r[i]);
                    let unit = param.domain().to_unit(value) + step;
                    param.domain().from_unit(unit.clamp(low, high))
                }
                Some(value) if i != sure && rng.random::<f64>() < 0.7 => value,
                _ => param.domain().sample(rng),
            }));
        }
        all
    }

    /// Alternates gradient ascent on the continuous parameters and a search over the others; the
    /// way may lead over configurations that were tried, to the best one on it that was not.
    fn improved(&self, start: (Config, f64), rng: &mut dyn Rng) -> Option<(Config, f64)> {
        let mut here = start;
        let mut open: Option<(Config, f64)> = None;
        let mut keep = |config: &Config, score: f64| {
            if open.as_ref().is_none_or(|best| score > best.1) && self.is_open(config) {
                open = Some((config.clone(), score));
            }
        };
        for _ in 0..ROUNDS {
            let before = here.1;
            let climbed = self.climb(&here.0);
            if climbed.1 > here.1 && self.space.allows(&climbed.0) {
                here = climbed;
                keep(&here.0, here.1);
            }
            let near = self.changes(&here.0, rng);
            if near.is_empty() {
                break;
            }
            for (config, score) in near.iter().zip(self.scores(&near)) {
                keep(config, score);
                if score > here.1 {
                    here = (config.clone(), score);
                }
            }
            if here.1 <= before + 1e-6 {
                break;
            }
        }
        open
    }

    /// Gradient ascent on the continuous parameters.
    fn climb(&self, config: &Config) -> (Config, f64) {
        let free = self.features.free(config);
        if free.is_empty() {
            return (config.clone(), f64::NEG_INFINITY);
        }
        let params = self.space.params();
        let mut row = self.features.row(self.space, config, 1.0);
        let unit = |i: usize| config.value(i).map_or(0.5, |v| params[i].domain().to_unit(v));
        let mut u: Vec<f64> = free.iter().map(|&i| unit(i)).collect();
        let region = |&i: &usize| self.region.map_or((0.0, 1.0), |r| r[i]);
        let bounds: Vec<(f64, f64)> = free.iter().map(region).collect();
        let mut work = Work::default();
        let mut slope = vec![0.0; row.len()];
        let prior = |i: usize| params[i].prior().and_then(|p| p.unit_normal(params[i].domain()));
        let moved = |u: &[f64]| {
            self.space.build_config(|i, param| {
                match (config.value(i), free.iter().position(|&f| f == i)) {
                    (Some(_), Some(at)) => param.domain().from_unit(u[at]),
                    (Some(value), None) => value,
                    (None, _) => param.default_value(),
                }
            })
        };
        let constrained = !self.space.constraints().is_empty();
        let objective = |u: &[f64], gradient: &mut [f64]| {
            // The ascent turns back at the border of what is allowed.
            if constrained && !self.space.allows(&moved(u)) {
                return f64::INFINITY;
            }
            for (&i, u) in free.iter().zip(u) {
                self.features.set(&mut row, i, *u);
            }
            let mut value = self.criterion.slope(&row, &mut work, &mut slope);
            for ((&i, u), g) in free.iter().zip(u).zip(gradient) {
                *g = -self.features.pull(&slope, i, *u);
                if self.belief != 0.0
                    && let Some((mean, sd)) = prior(i)
                {
                    let z = (u - mean) / sd;
                    value -= self.belief * 0.5 * z * z;
                    *g += self.belief * z / sd;
                }
            }
            -value
        };
        let stop = Stop { evaluations: self.effort.evaluations, gradient: 1e-6, decrease: 1e-9 };
        lbfgs::minimize(objective, &mut u, &bounds, stop);
        let moved = moved(&u);
        let score = self.scores(std::slice::from_ref(&moved))[0];
        (moved, score)
    }

    /// The same configuration with one parameter changed that is not continuous: every other value
    /// of small domains, steps of growing width and draws of large ones.
    fn changes(&self, config: &Config, rng: &mut dyn Rng) -> Vec<Config> {
        let mut all = Vec::new();
        for (i, param) in self.space.params().iter().enumerate() {
            let Some(own) = config.value(i) else { continue };
            if self.features.is_continuous(i) {
                continue;
            }
            for other in others(param.domain(), own, rng) {
                let changed = self.space.build_config(|j, param| match config.value(j) {
                    _ if i == j => other,
                    Some(value) => value,
                    None => param.sample_prior(rng),
                });
                if self.space.allows(&changed) {
                    all.push(changed);
                }
            }
        }
        all
    }
}

/// Other values of a discrete domain.
fn others(domain: &Domain, own: Value, rng: &mut dyn Rng) -> Vec<Value> {
    let count = domain.cardinality().unwrap_or(1);
    if count <= ALL_VALUES {
        return (0..count).map(|k| domain.nth(k)).filter(|v| *v != own).collect();
    }
    let unit = domain.to_unit(own);
    let mut values = Vec::new();
    let cell = 1.0 / count as f64;
    let mut width = cell;
    while width < 0.5 {
        values.extend([domain.from_unit(unit - width), domain.from_unit(unit + width)]);
        width *= 2.0;
    }
    values.extend((0..8).map(|_| domain.sample(rng)));
    values.retain(|v| *v != own);
    values
}
