//! Parzen estimators are densities, and their samples follow them.
#![allow(clippy::unwrap_used)]

use automl_space::{Config, Prior, Space, Value, stream};
use automl_tpe::{Bandwidth, ParzenEstimator};
use kernel_density::kolmogorov_smirnov::test as two_sample;
use proptest::prelude::*;
use std::collections::HashMap;

fn estimator(space: &Space, configs: &[Config], strength: f64) -> ParzenEstimator {
    let configs: Vec<&Config> = configs.iter().collect();
    ParzenEstimator::new(space, &configs, &[], 1.0, strength, Bandwidth::default())
}

fn one(value: Value) -> Config {
    let mut config = Config::empty(1);
    config.set(0, Some(value));
    config
}

/// The integral of a one-dimensional density over the unit interval, or the sum over the values.
fn mass(space: &Space, density: &ParzenEstimator) -> f64 {
    let domain = space.params()[0].domain();
    let at = |unit: f64| density.log_density(&one(domain.from_unit(unit))).exp();
    match domain.cardinality() {
        None => (0..20_000).map(|i| at((f64::from(i) + 0.5) / 20_000.0)).sum::<f64>() / 20_000.0,
        Some(_) => {
            let values = space.sample(&mut stream(0, 0, "unused")).value(0).unwrap();
            let all: Vec<Value> = match values {
                Value::Category(_) => {
                    (0..domain.cardinality().unwrap() as usize).map(Value::Category).collect()
                }
                Value::Int(_) => {
                    (1..=20_000).map(Value::Int).filter(|v| domain.contains(*v)).collect()
                }
                Value::Float(_) => (0..=1000)
                    .map(|i| Value::Float(f64::from(i) * 0.125))
                    .filter(|v| domain.contains(*v))
                    .collect(),
            };
            all.into_iter().map(|v| density.log_density(&one(v)).exp()).sum()
        }
    }
}

fn spaces() -> Vec<Space> {
    let mut spaces = Vec::new();
    let mut add = |build: &dyn Fn(&mut automl_space::SpaceBuilder)| {
        let mut builder = Space::builder();
        build(&mut builder);
        spaces.push(builder.build().unwrap());
    };
    add(&|b| drop(b.float("x", -2.0..=5.0).add().unwrap()));
    add(&|b| drop(b.float("x", 1e-5..=1e2).log().add().unwrap()));
    add(&|b| drop(b.float("x", 0.0..=3.0).step(0.125).add().unwrap()));
    add(&|b| drop(b.int("x", 1..=3).add().unwrap()));
    add(&|b| drop(b.int("x", 1..=900).step(7).add().unwrap()));
    add(&|b| drop(b.int("x", 1..=2000).log().add().unwrap()));
    add(&|b| drop(b.choice("x", ["a", "b", "c", "d"]).add().unwrap()));
    add(&|b| drop(b.ordinal("x", [1, 2, 4, 8, 16]).add().unwrap()));
    add(&|b| {
        drop(b.float("x", 0.0..=1.0).prior(Prior::Normal { mean: 0.3, sd: 0.1 }).add().unwrap())
    });
    add(&|b| {
        let prior = Prior::Weights { weights: vec![3.0, 1.0, 0.0] };
        drop(b.choice("x", ["a", "b", "c"]).prior(prior).add().unwrap());
    });
    spaces
}

#[test]
fn densities_integrate_to_one() {
    for (i, space) in spaces().iter().enumerate() {
        for count in [0, 1, 2, 7, 40] {
            let mut rng = stream(3, count, "configs");
            let configs: Vec<Config> = (0..count).map(|_| space.sample(&mut rng)).collect();
            let density = estimator(space, &configs, 0.0);
            let mass = mass(space, &density);
            assert!((mass - 1.0).abs() < 2e-3, "space {i}, {count} kernels: {mass}");
        }
    }
}

#[test]
fn samples_follow_the_density() {
    for space in &spaces()[..2] {
        let mut rng = stream(5, 0, "configs");
        let configs: Vec<Config> = (0..6).map(|_| space.sample(&mut rng)).collect();
        let density = estimator(space, &configs, 0.0);
        let domain = space.params()[0].domain();
        let scale = |unit: f64| (unit * 1e9) as i64;
        let drawn: Vec<i64> = (0..3000)
            .map(|_| scale(domain.to_unit(density.sample(space, &mut rng).value(0).unwrap())))
            .collect();
        // Quantiles of the density by numerical integration.
        let steps = 20_000;
        let mut sum = 0.0;
        let mut exact = Vec::new();
        for i in 0..steps {
            let unit = (f64::from(i) + 0.5) / f64::from(steps);
            sum += density.log_density(&one(domain.from_unit(unit))).exp() / f64::from(steps);
            while exact.len() < 3000 && sum >= (exact.len() as f64 + 0.5) / 3000.0 {
                exact.push(scale(unit));
            }
        }
        exact.resize(3000, scale(1.0));
        assert!(!two_sample(&drawn, &exact, 0.999).is_rejected);
    }
}

/// On a conditional space the density sums to one over the whole tree, and draws follow it.
#[test]
fn conditional_spaces_have_one_density() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    builder.int("n", 1..=4).when(kind, "b").add().unwrap();
    let deep = builder.choice("deep", ["x", "y"]).when(kind, "b").add().unwrap();
    builder.choice("leaf", ["p", "q", "r"]).when(deep, "y").add().unwrap();
    let space = builder.build().unwrap();
    let mut rng = stream(1, 0, "tree");
    let configs: Vec<Config> = (0..9).map(|_| space.sample(&mut rng)).collect();
    let density = estimator(&space, &configs, 0.0);
    let mut counts: HashMap<Config, f64> = HashMap::new();
    let draws = 20_000;
    for _ in 0..draws {
        *counts.entry(density.sample(&space, &mut rng)).or_default() += 1.0;
    }
    assert_eq!(counts.len(), 1 + 4 * (1 + 3));
    let mass: f64 = counts.keys().map(|c| density.log_density(c).exp()).sum();
    assert!((mass - 1.0).abs() < 1e-6, "{mass}");
    for (config, count) in counts {
        let expected = density.log_density(&config).exp();
        let error = (expected * (1.0 - expected) / f64::from(draws)).sqrt();
        assert!((count / f64::from(draws) - expected).abs() < 5.0 * error + 1e-4);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A heavier weight moves mass towards its observation.
    #[test]
    fn weights_count(x in 0.05f64..0.45, y in 0.55f64..0.95) {
        let space = &spaces()[8];
        let configs = [one(Value::Float(x)), one(Value::Float(y))];
        let refs: Vec<&Config> = configs.iter().collect();
        let at = |weights: &[f64]| {
            let density = ParzenEstimator::new(space, &refs, weights, 1.0, 0.0, Bandwidth::default());
            density.log_density(&configs[0])
        };
        prop_assert!(at(&[5.0, 1.0]) > at(&[1.0, 1.0]));
        prop_assert!(at(&[1.0, 1.0]) > at(&[1.0, 5.0]));
    }
}
