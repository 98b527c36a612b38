//! CMA-ES as a sampler: its state is replayed from the trials.

use super::categories::Categories;
use super::strategy::CmaEs;
use crate::standing::{Merit, Standing, Trace, by_merit, judged, startup};
use automl_numeric::normal::{cdf, quantile, truncated};
use automl_numeric::stream;
use automl_space::{Config, Domain, Space, Value};
use automl_study::{ProposeError, Sampler, View};
use rand::{Rng, RngExt};

/// Settings of [`CmaEsSampler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CmaEsOptions {
    /// Quasi-random trials before the first generation; the best of them is the first mean.
    pub startup: usize,
    /// The first step size, in units of the parameters' ranges.
    pub sigma: f64,
    /// The points of a generation; `4 + 3 ln n` if absent. Doubled at every restart.
    pub lambda: Option<usize>,
    /// The most numeric parameters for which a full covariance matrix is learnt.
    pub full_most: usize,
}

impl Default for CmaEsOptions {
    fn default() -> Self {
        Self { startup: 10, sigma: 0.15, lambda: None, full_most: 100 }
    }
}

/// The covariance matrix adaptation evolution strategy over mixed, conditional spaces.
///
/// A generation is the next `lambda` judged trials (finished or paused) in the order of their
/// numbers, whoever proposed them, so the distribution is a function of the trials: it is replayed where no cache
/// fits. Trials that are still running are left out until they end. Numbers live in the unit cube.
/// A discrete number stands for its cell: it enters with a point of the cell that the distribution
/// makes likely, and a margin keeps its neighbours possible. Draws outside of the cube are moved
/// to its border, which is a cell likewise. Unordered choices have a categorical distribution of their own. An inactive number
/// enters as a random draw, as if the objective ignored it. When a run stagnates, the next starts
/// elsewhere with twice the points.
///
/// # Source
/// [`CmaEs`]; Hamano et al. (2022), "CMA-ES with Margin", section 4; Hamano et al. (2024),
/// "CatCMA"; Auger & Hansen (2005) for restarts (IPOP). The point of a cell is drawn anew, from the
/// normal distribution truncated to the cell, where the paper remembers it: a trial records the
/// value only.
#[derive(Clone, Debug, Default)]
pub struct CmaEsSampler {
    options: CmaEsOptions,
    cache: Option<Cache>,
}

#[derive(Clone, Debug)]
struct Cache {
    space: Space,
    seed: u64,
    axes: Axes,
    /// States after recent generations, oldest first.
    snapshots: Vec<Snapshot>,
}

/// A state and the trials that led to it.
#[derive(Clone, Debug)]
struct Snapshot {
    used: Vec<Trace>,
    last: Option<Config>,
    state: State,
}

/// How many snapshots are kept: late trials reach back only a few generations.
const SNAPSHOTS: usize = 8;
/// Domains with more values count as continuous.
const CELLS: u128 = 1000;
/// The deviation of every continuous number at which a run has converged.
const CONVERGED: f64 = 1e-9;

impl CmaEsSampler {
    /// A sampler with other settings than the default.
    pub fn new(options: CmaEsOptions) -> Self {
        Self { options, cache: None }
    }
}

impl Sampler for CmaEsSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if view.history.directions().len() > 1 {
            let what = "several objectives".to_owned();
            return Err(ProposeError::Unsupported { sampler: "CMA-ES", what });
        }
        let most = view.planned_trials.map_or(usize::MAX, |budget| (budget / 4).max(2) as usize);
        let begin = self.options.startup.min(most);
        let trials = judged(view.history);
        if view.number < begin as u64 || trials.is_empty() {
            return Ok(startup(view, rng));
        }
        let cache = match &mut self.cache {
            Some(cache) if cache.seed == view.seed && cache.space == *view.space => cache,
            slot => slot.insert(Cache {
                space: view.space.clone(),
                seed: view.seed,
                axes: Axes::new(view.space),
                snapshots: Vec::new(),
            }),
        };
        let state = cache.replay(&trials, begin, &self.options);
        let mut last = None;
        for _ in 0..64 {
            let config = state.sample(&cache.axes, view.space, rng);
            if view.space.allows(&config) && !view.history.seen(&config) {
                return Ok(config);
            }
            if view.space.allows(&config) {
                last = Some(config);
            }
        }
        let config = last.unwrap_or_else(|| view.space.sample(rng));
        Ok(view.deduplicated(config, rng))
    }
}

impl Cache {
    /// The state after all full generations.
    fn replay(&mut self, trials: &[Standing<'_>], begin: usize, options: &CmaEsOptions) -> State {
        let fits = |snapshot: &Snapshot| {
            let n = snapshot.used.len();
            n <= trials.len()
                && snapshot.used.iter().zip(trials).all(|(used, trial)| *used == trial.trace())
                && n.checked_sub(1)
                    .is_none_or(|i| snapshot.last.as_ref() == Some(&trials[i].trial.config))
        };
        while self.snapshots.last().is_some_and(|snapshot| !fits(snapshot)) {
            self.snapshots.pop();
        }
        let (mut state, mut used) = match self.snapshots.last() {
            Some(snapshot) => (snapshot.state.clone(), snapshot.used.len()),
            None => {
                let used = begin.min(trials.len());
                let state = State::first(&self.axes, &self.space, &trials[..used], options);
                if used < begin {
                    return state;
                }
                (state, used)
            }
        };
        while used + state.lambda <= trials.len() {
            let generation = &trials[used..used + state.lambda];
            used += state.lambda;
            state.learn(&self.axes, generation, self.seed, options);
            self.snapshots.push(Snapshot {
                used: trials[..used].iter().map(Standing::trace).collect(),
                last: Some(trials[used - 1].trial.config.clone()),
                state: state.clone(),
            });
            if self.snapshots.len() > SNAPSHOTS {
                self.snapshots.remove(0);
            }
        }
        state
    }
}

/// The parameters of a space as CMA-ES sees them; those with one value are left out.
#[derive(Clone, Debug)]
struct Axes {
    numbers: Vec<Number>,
    /// Indices of unordered categorical parameters.
    choices: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Number {
    index: usize,
    domain: Domain,
    /// The inner boundaries of the cells of a discrete domain, in the unit interval.
    walls: Vec<f64>,
}

impl Axes {
    fn new(space: &Space) -> Self {
        let mut axes = Self { numbers: Vec::new(), choices: Vec::new() };
        for (index, param) in space.params().iter().enumerate() {
            let domain = param.domain().clone();
            match domain.cardinality() {
                Some(1) => {}
                _ if !domain.is_ordered() => axes.choices.push(index),
                cells => {
                    let walls =
                        cells.filter(|n| *n <= CELLS).map_or(Vec::new(), |n| walls(&domain, n));
                    axes.numbers.push(Number { index, domain, walls });
                }
            }
        }
        axes
    }
}

/// The boundaries between the cells of a discrete domain.
fn walls(domain: &Domain, count: u128) -> Vec<f64> {
    match domain {
        Domain::Int(d) if d.log() => {
            let (low, high) = ((d.low() as f64 - 0.5).ln(), (d.high() as f64 + 0.5).ln());
            let wall = |k: i64| ((k as f64 + 0.5).ln() - low) / (high - low);
            (d.low()..d.high()).map(wall).collect()
        }
        _ => (1..count).map(|k| k as f64 / count as f64).collect(),
    }
}

impl Number {
    /// The cell of a unit coordinate: its ends, infinite at the edges of the domain.
    fn cell(&self, unit: f64) -> (f64, f64) {
        let k = self.walls.partition_point(|wall| *wall <= unit);
        let below = k.checked_sub(1).map_or(f64::NEG_INFINITY, |k| self.walls[k]);
        (below, self.walls.get(k).copied().unwrap_or(f64::INFINITY))
    }
}

/// The joint distribution, and how the run has fared.
#[derive(Clone, Debug)]
struct State {
    numbers: CmaEs,
    categories: Categories,
    lambda: usize,
    restarts: u64,
    /// The best of the run and how many generations ago it was found.
    best: Option<Merit>,
    stale: usize,
}

impl State {
    /// The first run, around the best trial of the start.
    fn first(axes: &Axes, space: &Space, trials: &[Standing<'_>], options: &CmaEsOptions) -> Self {
        let best = trials.iter().min_by(|a, b| a.compare(b));
        let mean: Vec<f64> = axes
            .numbers
            .iter()
            .map(|number| {
                let value = best.and_then(|best| best.trial.config.value(number.index));
                let value = value.unwrap_or_else(|| space.params()[number.index].default_value());
                number.domain.to_unit(value)
            })
            .collect();
        let d = axes.numbers.len() + axes.choices.len();
        let lambda = options.lambda.unwrap_or_else(|| CmaEs::default_lambda(d)).max(4);
        let shares = axes
            .choices
            .iter()
            .map(|index| {
                let k = match space.params()[*index].domain() {
                    Domain::Categorical(d) => d.choices().len(),
                    _ => 1,
                };
                vec![1.0 / k as f64; k]
            })
            .collect();
        let mut state = Self {
            numbers: CmaEs::new(&mean, options.sigma, lambda, mean.len() > options.full_most),
            categories: Categories::new(shares),
            lambda,
            restarts: 0,
            best: None,
            stale: 0,
        };
        state.keep_margin(axes);
        state
    }

    /// A new run at a random place with twice the points.
    fn restart(&mut self, axes: &Axes, seed: u64, options: &CmaEsOptions) {
        self.restarts += 1;
        self.lambda = (self.lambda * 2).min(10_000);
        let mut rng = stream(seed, self.restarts, "cma-es restart");
        let mean: Vec<f64> = axes.numbers.iter().map(|_| rng.random::<f64>()).collect();
        let diagonal = mean.len() > options.full_most;
        self.numbers = CmaEs::new(&mean, options.sigma, self.lambda, diagonal);
        self.categories = self.categories.uniform();
        self.best = None;
        self.stale = 0;
        self.keep_margin(axes);
    }

    fn sample(&self, axes: &Axes, space: &Space, rng: &mut dyn Rng) -> Config {
        let x = self.numbers.sample(rng);
        let chosen = self.categories.sample(rng);
        let mut values: Vec<Option<Value>> = vec![None; space.len()];
        for (number, x) in axes.numbers.iter().zip(x) {
            values[number.index] = Some(number.domain.from_unit(x.clamp(0.0, 1.0)));
        }
        for (index, choice) in axes.choices.iter().zip(chosen) {
            values[*index] = Some(Value::Category(choice));
        }
        space.build_config(|index, param| values[index].unwrap_or_else(|| param.default_value()))
    }

    /// One generation.
    fn learn(&mut self, axes: &Axes, trials: &[Standing<'_>], seed: u64, options: &CmaEsOptions) {
        let mut order: Vec<&Standing<'_>> = trials.iter().collect();
        order.sort_by(|a, b| a.compare(b));
        let points: Vec<Vec<f64>> =
            order.iter().map(|standing| self.latent(axes, standing, seed)).collect();
        self.numbers.update(&points);
        let half = (self.lambda / 2).max(1);
        let chosen: Vec<Vec<Option<usize>>> = order[..half]
            .iter()
            .map(|standing| {
                let value = |index: &usize| match standing.trial.config.value(*index) {
                    Some(Value::Category(choice)) => Some(choice),
                    _ => None,
                };
                axes.choices.iter().map(value).collect()
            })
            .collect();
        self.categories.update(&chosen, &rank_weights(half));
        self.keep_margin(axes);

        let found = order[0].merit();
        let better = self.best.is_none_or(|best| by_merit(&found, &best).is_lt());
        if better {
            self.best = Some(found);
        }
        self.stale = if better { 0 } else { self.stale + 1 };
        if self.is_over(axes) {
            self.restart(axes, seed, options);
        }
    }

    /// The coordinates of a trial, with points of cells and of inactive numbers drawn.
    fn latent(&self, axes: &Axes, standing: &Standing<'_>, seed: u64) -> Vec<f64> {
        let mut rng = stream(seed, standing.trial.number, "cma-es latent");
        let coordinate = |(j, number): (usize, &Number)| {
            let (mean, sd) = (self.numbers.mean()[j], self.numbers.deviation(j));
            let unit = standing.trial.config.value(number.index).map(|v| number.domain.to_unit(v));
            let (low, high) = match unit {
                Some(unit) if number.walls.is_empty() => match unit {
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

    /// Keeps the values next to the likeliest one of each discrete number possible, and the mean
    /// within reach of the domain (Hamano et al. 2022, equations 8 to 20).
    fn keep_margin(&mut self, axes: &Axes) {
        let margin = 1.0 / (self.lambda * axes.numbers.len().max(1)) as f64;
        let mut changed = false;
        for (j, number) in axes.numbers.iter().enumerate() {
            let (mean, sd) = (self.numbers.mean()[j], self.numbers.deviation(j));
            if !(mean.is_finite() && sd > 0.0 && sd.is_finite()) {
                continue;
            }
            let (mean, factor) = if number.walls.is_empty() {
                (mean.clamp(0.0, 1.0), 1.0)
            } else {
                with_margin(mean, sd, number.cell(mean), margin)
            };
            changed |= factor != 1.0;
            self.numbers.adjust(j, mean, factor);
        }
        if changed {
            self.numbers.settle();
        }
    }

    /// Whether the run has converged, broken down or stagnated. Looks at the order of losses only.
    fn is_over(&self, axes: &Axes) -> bool {
        let n = axes.numbers.len() + axes.choices.len();
        let converged = !axes.numbers.is_empty()
            && axes.numbers.iter().all(|number| number.walls.is_empty())
            && (0..axes.numbers.len()).all(|j| self.numbers.deviation(j) < CONVERGED);
        let broken = !axes.numbers.is_empty()
            && (self.numbers.condition() > 1e14 || self.numbers.sigma() > 1e3);
        converged || broken || self.stale > 40 + 30 * n / self.lambda
    }
}

/// The mean and the factor of the deviation at which both neighbours of a cell, or the one that
/// there is, have at least the margin's probability.
fn with_margin(mean: f64, sd: f64, cell: (f64, f64), margin: f64) -> (f64, f64) {
    let (low, high) = cell;
    if !low.is_finite() || !high.is_finite() {
        let (wall, side) = if low.is_finite() { (low, 1.0) } else { (high, -1.0) };
        let reach = quantile(1.0 - margin) * sd;
        return (wall + side * (mean - wall).abs().min(reach), 1.0);
    }
    let (below, above) = (cdf((low - mean) / sd), cdf((mean - high) / sd));
    let half = margin / 2.0;
    if below >= half && above >= half {
        return (mean, 1.0);
    }
    let raised = (below.max(half), above.max(half));
    let sum = raised.0 + raised.1 + (1.0 - below - above);
    let excess = (1.0 - sum) / (sum - 1.5 * margin);
    let share = |p: f64| (p + excess * (p - half)).clamp(half, 0.5 - 1e-9);
    let (down, up) = (-quantile(share(raised.0)), -quantile(share(raised.1)));
    let width = (high - low) / (down + up);
    ((low * up + high * down) / (down + up), width / sd)
}

/// The recombination weights of the best `half`, which add up to one.
fn rank_weights(half: usize) -> Vec<f64> {
    let raw: Vec<f64> = (1..=half).map(|i| (half as f64 + 0.5).ln() - (i as f64).ln()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|w| w / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::with_margin;
    use automl_numeric::normal::cdf;

    #[test]
    fn the_margin_holds_and_leaves_wide_distributions_alone() {
        assert_eq!(with_margin(0.5, 0.3, (0.4, 0.6), 0.01), (0.5, 1.0));
        for (mean, sd) in [(0.5, 1e-6), (0.41, 1e-4), (0.59, 0.05), (0.5, 0.02)] {
            let (m, factor) = with_margin(mean, sd, (0.4, 0.6), 0.02);
            let sd = sd * factor;
            for tail in [cdf((0.4 - m) / sd), cdf((m - 0.6) / sd)] {
                assert!(tail >= 0.01 - 1e-12, "{mean} {sd}: {tail}");
            }
        }
        let (m, _) = with_margin(0.1, 1e-3, (f64::NEG_INFINITY, 0.25), 0.02);
        assert!((cdf((m - 0.25) / 1e-3) - 0.02).abs() < 1e-9);
    }
}
