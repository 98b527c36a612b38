//! Explore: the perturbation of a parent's configuration.

use automl_space::{Config, Domain, Param, Space, Value};
use rand::{Rng, RngExt};

/// Multiplies each number by 0.8 or 1.2 and moves each ordered choice one up or down, or draws anew
/// with probability 1/4. Nominal choices change by a new draw alone.
pub(super) fn perturbed(space: &Space, config: &Config, rng: &mut dyn Rng) -> Config {
    let attempt = |rng: &mut dyn Rng| {
        space.build_config(|index, param| match config.value(index) {
            Some(value) if rng.random::<f64>() >= 0.25 => scaled(param, value, rng),
            _ => param.sample_prior(rng),
        })
    };
    for _ in 0..32 {
        let config = attempt(rng);
        if space.allows(&config) {
            return config;
        }
    }
    config.clone()
}

fn scaled(param: &Param, value: Value, rng: &mut dyn Rng) -> Value {
    let up = rng.random::<bool>();
    let factor = if up { 1.2 } else { 0.8 };
    match value {
        Value::Float(x) => param.domain().nearest(x * factor).unwrap_or(value),
        Value::Int(x) => {
            let target = x as f64 * factor;
            let above = if x < 0 { !up } else { up };
            let away = if above { target.ceil() } else { target.floor() };
            match param.domain().nearest(away) {
                Some(near) if near == value => neighbour(param, value, above),
                near => near.unwrap_or(value),
            }
        }
        Value::Category(_) => neighbour(param, value, up),
    }
}

/// The next value above or below; the value itself at the bounds or without an order.
fn neighbour(param: &Param, value: Value, above: bool) -> Value {
    let target = match (param.domain(), value) {
        (Domain::Int(d), Value::Int(x)) if above => Value::Int(x.saturating_add(d.step())),
        (Domain::Int(d), Value::Int(x)) => Value::Int(x.saturating_sub(d.step())),
        (domain, Value::Category(x)) if domain.is_ordered() => {
            Value::Category(if above { x + 1 } else { x.saturating_sub(1) })
        }
        _ => value,
    };
    if param.domain().contains(target) { target } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use std::collections::BTreeSet;

    /// What a value of a parameter becomes.
    fn reached(param: &Param, from: Value) -> BTreeSet<i64> {
        let mut rng = stream(0, 0, "test");
        let number = |value| match value {
            Value::Int(x) => x,
            Value::Category(choice) => choice as i64,
            Value::Float(x) => panic!("{x}"),
        };
        (0..50).map(|_| number(scaled(param, from, &mut rng))).collect()
    }

    /// Integers move by a fifth, and by a step of their grid at least.
    #[test]
    fn integers_move() {
        let mut builder = Space::builder();
        builder.int("below", -9..=9).add().unwrap();
        builder.int("coarse", 16..=64).step(16).add().unwrap();
        let space = builder.build().unwrap();
        let [below, coarse] = space.params() else { panic!() };
        assert_eq!(reached(below, Value::Int(-3)), BTreeSet::from([-4, -2]));
        assert_eq!(reached(below, Value::Int(5)), BTreeSet::from([4, 6]));
        assert_eq!(reached(below, Value::Int(0)), BTreeSet::from([-1, 1]));
        assert_eq!(reached(coarse, Value::Int(16)), BTreeSet::from([16, 32]));
        assert_eq!(reached(coarse, Value::Int(32)), BTreeSet::from([16, 48]));
    }

    /// Of ordered choices the next one up or down is taken, of others the same.
    #[test]
    fn choices_move_where_they_have_an_order() {
        let mut builder = Space::builder();
        builder.ordinal("size", ["s", "m", "l"]).add().unwrap();
        builder.choice("kind", ["a", "b", "c"]).add().unwrap();
        let space = builder.build().unwrap();
        let [size, kind] = space.params() else { panic!() };
        assert_eq!(reached(size, Value::Category(1)), BTreeSet::from([0, 2]));
        assert_eq!(reached(size, Value::Category(0)), BTreeSet::from([0, 1]));
        assert_eq!(reached(kind, Value::Category(1)), BTreeSet::from([1]));
    }
}
