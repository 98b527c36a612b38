//! Mutation of configurations.

use automl_space::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Draws of a normal step before a uniform draw replaces it.
const MAX_STEPS: i32 = 16;

/// Folds a number into `[0, 1]` by reflection at both ends; 0.5 for a number that is not finite.
pub(crate) fn reflect(x: f64) -> f64 {
    if !x.is_finite() {
        return 0.5;
    }
    let x = x.rem_euclid(2.0);
    if x > 1.0 { 2.0 - x } else { x }
}

/// A different value of the domain.
///
/// Uniform among the other choices of an unordered domain. On an ordered one a normal step of standard
/// deviation `sd`, in units of the range, at least to the neighboring value. The value itself in a
/// domain of one value.
pub(crate) fn different_value(domain: &Domain, value: Value, sd: f64, rng: &mut dyn Rng) -> Value {
    if domain.cardinality() == Some(1) {
        return value;
    }
    if let (Domain::Categorical(d), Value::Category(index)) = (domain, value)
        && !d.ordered()
    {
        let other = rng.random_range(0..d.choices().len() - 1);
        return Value::Category(other + usize::from(other >= index));
    }
    let unit = domain.to_unit(value);
    for attempt in 0..MAX_STEPS {
        // Steps that stay in the cell of a discrete value are doubled until they leave it.
        let step = rng.sample::<f64, _>(StandardNormal) * sd * f64::from(1 << attempt.min(10));
        let other = domain.from_unit(reflect(unit + step));
        if other != value {
            return other;
        }
    }
    domain.sample(rng)
}

/// The configuration with a different value of one active parameter, uniform among those with more
/// than one value. Parameters that become active are drawn from their priors.
pub(crate) fn mutate_one(space: &Space, config: &Config, sd: f64, rng: &mut dyn Rng) -> Config {
    let is_mutable = |index: &usize| {
        config.value(*index).is_some() && space.params()[*index].domain().cardinality() != Some(1)
    };
    let candidates: Vec<usize> = (0..space.len()).filter(is_mutable).collect();
    if candidates.is_empty() {
        return config.clone();
    }
    let chosen = candidates[rng.random_range(0..candidates.len())];
    space.build_config(|index, param| match config.value(index) {
        Some(value) if index == chosen => different_value(param.domain(), value, sd, rng),
        Some(value) => value,
        None => param.sample_prior(rng),
    })
}
