//! Variation of single values.

use automl_space::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Folds a number into `[0, 1]` by reflection at both ends.
pub(crate) fn reflect(x: f64) -> f64 {
    if !x.is_finite() {
        return 0.5;
    }
    let x = x.rem_euclid(2.0);
    if x > 1.0 { 2.0 - x } else { x }
}

/// Another value of the domain: any other choice where there is no order, else a normal step of
/// standard deviation `sd` (in units of the range), at least to the neighbouring value. The value
/// itself where the domain holds no other.
pub(crate) fn another(domain: &Domain, value: Value, sd: f64, rng: &mut dyn Rng) -> Value {
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
    for attempt in 0..16 {
        // Steps that stay in the cell of a discrete value are widened until they leave it.
        let step = rng.sample::<f64, _>(StandardNormal) * sd * f64::from(1 << attempt.min(10));
        let other = domain.from_unit(reflect(unit + step));
        if other != value {
            return other;
        }
    }
    domain.sample(rng)
}

/// The configuration with another value for one active parameter, chosen at random among those
/// that have more than one value. Parameters that become active are drawn.
pub(crate) fn mutate(space: &Space, config: &Config, sd: f64, rng: &mut dyn Rng) -> Config {
    let movable = |index: &usize| {
        config.value(*index).is_some() && space.params()[*index].domain().cardinality() != Some(1)
    };
    let candidates: Vec<usize> = (0..space.len()).filter(movable).collect();
    if candidates.is_empty() {
        return config.clone();
    }
    let chosen = candidates[rng.random_range(0..candidates.len())];
    space.build_config(|index, param| match config.value(index) {
        Some(value) if index == chosen => another(param.domain(), value, sd, rng),
        Some(value) => value,
        None => param.sample_prior(rng),
    })
}
