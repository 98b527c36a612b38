//! A run of the strategy over a space, with restarts.

use super::axes::{Axes, Number};
use super::categorical::Categorical;
use super::config::CmaEsConfig;
use super::margin::with_margin;
use super::strategy::CmaEs;
use crate::individual::{Individual, SortKey};
use automl_numeric::normal::truncated;
use automl_numeric::stream;
use automl_space::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};

/// The largest population of a restarted run.
const MAX_POPULATION: usize = 10_000;
/// Standard deviation of every continuous number below which a run has converged.
const CONVERGED: f64 = 1e-9;
/// Condition number of the covariance matrix above which a run is unusable.
const MAX_CONDITION: f64 = 1e14;
/// Step size, in units of the parameters' ranges, above which a run is unusable.
const MAX_SIGMA: f64 = 1e3;

/// The joint distribution of numbers and choices, and the progress of the run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    numbers: CmaEs,
    choices: Categorical,
    /// The number of points in a generation.
    pub(super) population: usize,
    restarts: u64,
    /// The best individual of the run.
    best: Option<SortKey>,
    /// Generations since the best individual was found.
    stagnation: usize,
}

impl Run {
    /// The first run, around the best individual of the start-up design.
    pub(super) fn first(
        axes: &Axes,
        space: &Space,
        startup: &[Individual<'_>],
        config: &CmaEsConfig,
    ) -> Self {
        let best = startup.iter().min_by(|a, b| a.key.compare(&b.key));
        let mean: Vec<f64> = axes
            .numbers
            .iter()
            .map(|number| {
                let value = best.and_then(|best| best.trial.config.value(number.index));
                let value = value.unwrap_or_else(|| space.params()[number.index].default_value());
                number.domain.to_unit(value)
            })
            .collect();
        let population = config.population.unwrap_or_else(|| CmaEs::default_lambda(axes.len()));
        let population = population.max(4);
        let sizes = axes.choices.iter().map(|index| match space.params()[*index].domain() {
            Domain::Categorical(d) => d.choices().len(),
            _ => 1,
        });
        let is_diagonal = mean.len() > config.max_full_dimensions;
        let mut run = Self {
            numbers: CmaEs::new(&mean, config.sigma, population, is_diagonal),
            choices: Categorical::uniform(sizes),
            population,
            restarts: 0,
            best: None,
            stagnation: 0,
        };
        run.keep_margin(axes);
        run
    }

    /// Replaces the run by one at a random place with twice the population (IPOP).
    fn restart(&mut self, axes: &Axes, seed: u64, config: &CmaEsConfig) {
        self.restarts += 1;
        self.population = (self.population * 2).min(MAX_POPULATION);
        let mut rng = stream(seed, self.restarts, "cma-es restart");
        let mean: Vec<f64> = axes.numbers.iter().map(|_| rng.random::<f64>()).collect();
        let is_diagonal = mean.len() > config.max_full_dimensions;
        self.numbers = CmaEs::new(&mean, config.sigma, self.population, is_diagonal);
        self.choices = Categorical::uniform(self.choices.sizes());
        self.best = None;
        self.stagnation = 0;
        self.keep_margin(axes);
    }

    /// A configuration drawn from the distribution; numbers outside of the unit cube are moved to its
    /// border.
    pub(super) fn sample(&self, axes: &Axes, space: &Space, rng: &mut dyn Rng) -> Config {
        let x = self.numbers.sample(rng);
        let chosen = self.choices.sample(rng);
        let mut values: Vec<Option<Value>> = vec![None; space.len()];
        for (number, x) in axes.numbers.iter().zip(x) {
            values[number.index] = Some(number.domain.from_unit(x.clamp(0.0, 1.0)));
        }
        for (index, choice) in axes.choices.iter().zip(chosen) {
            values[*index] = Some(Value::Category(choice));
        }
        space.build_config(|index, param| values[index].unwrap_or_else(|| param.default_value()))
    }

    /// Updates the distribution by one generation, and restarts where the run has ended.
    pub(super) fn update(
        &mut self,
        axes: &Axes,
        generation: &[Individual<'_>],
        seed: u64,
        config: &CmaEsConfig,
    ) {
        let mut sorted: Vec<&Individual<'_>> = generation.iter().collect();
        sorted.sort_by(|a, b| a.key.compare(&b.key));
        let points: Vec<Vec<f64>> =
            sorted.iter().map(|individual| self.latent(axes, individual, seed)).collect();
        self.numbers.update(&points);
        let half = (self.population / 2).max(1);
        let chosen: Vec<Vec<Option<usize>>> =
            sorted[..half].iter().map(|individual| choices(axes, individual)).collect();
        self.choices.update(&chosen, &rank_weights(half));
        self.keep_margin(axes);
        let key = sorted[0].key;
        let is_better = self.best.is_none_or(|best| key.compare(&best).is_lt());
        if is_better {
            self.best = Some(key);
        }
        self.stagnation = if is_better { 0 } else { self.stagnation + 1 };
        if self.is_over(axes) {
            self.restart(axes, seed, config);
        }
    }

    /// The coordinates of an individual in the latent space of the distribution.
    ///
    /// A discrete value, and a value at the border of the unit cube, becomes a draw from the
    /// distribution truncated to its cell; an inactive number an unrestricted draw.
    fn latent(&self, axes: &Axes, individual: &Individual<'_>, seed: u64) -> Vec<f64> {
        let mut rng = stream(seed, individual.trial.number.0, "cma-es latent");
        let coordinate = |(j, number): (usize, &Number)| {
            let (mean, sd) = (self.numbers.mean()[j], self.numbers.deviation(j));
            let value = individual.trial.config.value(number.index);
            let (low, high) = match value.map(|value| number.domain.to_unit(value)) {
                Some(unit) if number.is_continuous() => match unit {
                    0.0 => (f64::NEG_INFINITY, 0.0),
                    1.0 => (1.0, f64::INFINITY),
                    _ => return unit,
                },
                Some(unit) => number.cell(unit),
                None => (f64::NEG_INFINITY, f64::INFINITY),
            };
            truncated(mean, sd, low, high, rng.random())
        };
        axes.numbers.iter().enumerate().map(coordinate).collect()
    }

    /// Keeps the neighbors of the likeliest value of each discrete number possible, and the mean of each
    /// continuous one in its domain.
    fn keep_margin(&mut self, axes: &Axes) {
        let margin = 1.0 / (self.population * axes.numbers.len().max(1)) as f64;
        let mut is_changed = false;
        for (j, number) in axes.numbers.iter().enumerate() {
            let (mean, sd) = (self.numbers.mean()[j], self.numbers.deviation(j));
            if !(mean.is_finite() && sd > 0.0 && sd.is_finite()) {
                continue;
            }
            let (mean, factor) = if number.is_continuous() {
                (mean.clamp(0.0, 1.0), 1.0)
            } else {
                with_margin(mean, sd, number.cell(mean), margin)
            };
            is_changed |= factor != 1.0;
            self.numbers.adjust(j, mean, factor);
        }
        if is_changed {
            self.numbers.refresh();
        }
    }

    /// Whether the run has converged, become unusable, or stagnated: a function of the order of the
    /// losses.
    fn is_over(&self, axes: &Axes) -> bool {
        let has_numbers = !axes.numbers.is_empty();
        let has_converged = has_numbers
            && axes.numbers.iter().all(Number::is_continuous)
            && (0..axes.numbers.len()).all(|j| self.numbers.deviation(j) < CONVERGED);
        let is_unusable = has_numbers
            && (self.numbers.condition() > MAX_CONDITION || self.numbers.sigma() > MAX_SIGMA);
        has_converged || is_unusable || self.stagnation > 40 + 30 * axes.len() / self.population
    }
}

/// The choices of an individual, `None` for inactive parameters.
fn choices(axes: &Axes, individual: &Individual<'_>) -> Vec<Option<usize>> {
    let value = |index: &usize| match individual.trial.config.value(*index) {
        Some(Value::Category(choice)) => Some(choice),
        _ => None,
    };
    axes.choices.iter().map(value).collect()
}

/// Recombination weights `ln(half + 1/2) - ln(rank)` of the best `half`, normalized to sum 1.
fn rank_weights(half: usize) -> Vec<f64> {
    let raw: Vec<f64> = (1..=half).map(|i| (half as f64 + 0.5).ln() - (i as f64).ln()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|w| w / sum).collect()
}
