//! Candidates of a proposal: quasi-random points, mutations of good trials, discrete neighbors.

use super::AcquisitionOptimizer;
use automl_space::{Config, Domain, Value};
use automl_study::sobol_point;
use rand::{Rng, RngExt};

/// Discrete domains up to this size are enumerated; larger ones are sampled.
const MAX_ENUMERATED_VALUES: u128 = 24;

impl AcquisitionOptimizer<'_> {
    /// Quasi-random points (two thirds) and mutations of good configurations at several scales.
    pub(super) fn candidates(&self, parents: &[&Config], rng: &mut dyn Rng) -> Vec<Config> {
        let d = self.space.len();
        let scramble = rng.random::<u64>();
        let local = if parents.is_empty() { 0 } else { self.budget.candidates / 3 };
        let global = self.budget.candidates - local;
        let within = |i: usize, u: f64| match self.bounds {
            Some(bounds) => bounds[i].0 + u * (bounds[i].1 - bounds[i].0),
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
                    let (low, high) = self.bounds.map_or((0.0, 1.0), |bounds| bounds[i]);
                    let unit = param.domain().to_unit(value) + step;
                    param.domain().from_unit(unit.clamp(low, high))
                }
                Some(value) if i != sure && rng.random::<f64>() < 0.7 => value,
                _ => param.domain().sample(rng),
            }));
        }
        all
    }

    /// Configurations that differ in one parameter that is not continuous: every other value of
    /// small domains, steps of growing width and draws of large ones.
    pub(super) fn discrete_neighbors(&self, config: &Config, rng: &mut dyn Rng) -> Vec<Config> {
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
    if count <= MAX_ENUMERATED_VALUES {
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
