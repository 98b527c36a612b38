//! A run of the strategy over a space, with restarts.

use super::axes::{Axes, Number};
use super::categorical::Categorical;
use super::config::CmaEsConfig;
use super::margin::with_margin;
use super::restarts::Restarts;
use super::strategy::CmaEs;
use super::warm_start::distribution;
use crate::individual::{Individual, SortKey};
use automl_numeric::normal::truncated;
use automl_numeric::stream;
use automl_space::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};

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
    restarts: Restarts,
    /// The best individual of the run.
    best: Option<SortKey>,
    /// Generations since the best individual was found.
    stagnation: usize,
}

impl Run {
    /// The first run, around the weighted mean of the better half of the start-up design: of a few
    /// points in many dimensions the best one lies no nearer to the optimum than the center, and the
    /// mean of several lies nearer than both.
    pub(super) fn first(
        axes: &Axes,
        space: &Space,
        startup: &[Individual<'_>],
        config: &CmaEsConfig,
    ) -> Self {
        let mut sorted: Vec<&Individual<'_>> = startup.iter().collect();
        sorted.sort_by(|a, b| a.key.compare(&b.key));
        sorted.truncate((sorted.len() / 2).max(1));
        let weights = rank_weights(sorted.len());
        let mean = axes.numbers.iter().map(|number| {
            let unit = |individual: Option<&&Individual<'_>>| {
                let value = individual.and_then(|one| one.trial.config.value(number.index));
                let value = value.unwrap_or_else(|| space.params()[number.index].default_value());
                number.domain.to_unit(value)
            };
            if sorted.is_empty() {
                return unit(None);
            }
            sorted.iter().zip(&weights).map(|(one, weight)| weight * unit(Some(one))).sum::<f64>()
        });
        let mean: Vec<f64> = mean.collect();
        let population = config.population.unwrap_or_else(|| CmaEs::default_lambda(axes.len()));
        let population = population.max(4);
        let sizes = axes.choices.iter().map(|index| match space.params()[*index].domain() {
            Domain::Categorical(d) => d.choices().len(),
            _ => 1,
        });
        let is_diagonal = mean.len() > config.max_full_dimensions;
        let numbers = if config.warm_start > 0 && startup.len() >= config.warm_start {
            let (mean, covariance) = distribution(axes, space, startup);
            CmaEs::with_covariance(&mean, &covariance, population, is_diagonal)
        } else {
            CmaEs::new(&mean, config.sigma, population, is_diagonal)
        };
        let mut run = Self {
            numbers,
            choices: Categorical::uniform(sizes),
            population,
            restarts: Restarts::new(population),
            best: None,
            stagnation: 0,
        };
        run.keep_margin(axes);
        run
    }

    /// Replaces the run by one at a random place, with another population and step size (BIPOP).
    fn restart(&mut self, axes: &Axes, seed: u64, config: &CmaEsConfig) {
        let mut rng = stream(seed, self.restarts.next_number(), "cma-es restart");
        let mean: Vec<f64> = axes.numbers.iter().map(|_| rng.random::<f64>()).collect();
        let (population, shrunk) = self.restarts.next_population(&mut rng);
        self.population = population;
        let is_diagonal = mean.len() > config.max_full_dimensions;
        self.numbers = CmaEs::new(&mean, config.sigma * shrunk, population, is_diagonal);
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
        self.restarts.spend(self.population);
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

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use automl_study::{Direction, History, State, Trial};

    /// In fifty dimensions the run starts nearer to the optimum than the best point of the design.
    #[test]
    fn a_run_starts_at_the_weighted_mean_of_the_good_points() {
        let mut builder = Space::builder();
        for i in 0..50 {
            builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
        }
        let space = builder.build().unwrap();
        let axes = Axes::new(&space);
        let (mut start, mut nearest) = (0.0, 0.0);
        for seed in 0..20 {
            let mut rng = stream(seed, 0, "test");
            let optimum: Vec<f64> = (0..50).map(|_| 0.3 + 0.6 * rng.random::<f64>()).collect();
            let apart = |unit: &[f64]| -> f64 {
                unit.iter().zip(&optimum).map(|(u, o)| (u - o) * (u - o)).sum()
            };
            let mut history = History::new(vec![Direction::Minimize]);
            let mut best = f64::INFINITY;
            for number in 0..10_u64 {
                let config = space.sample(&mut rng);
                let loss = apart(&space.encode(&config).unit);
                best = best.min(loss);
                let done = Trial {
                    state: State::Complete,
                    values: vec![loss],
                    ..Trial::waiting(number, config)
                };
                history.push(done).unwrap();
            }
            let all = Individual::all(&history);
            let run = Run::first(&axes, &space, &all, &CmaEsConfig::default());
            start += apart(run.numbers.mean());
            nearest += best;
        }
        assert!(start < 0.85 * nearest, "{start} {nearest}");
    }
}
