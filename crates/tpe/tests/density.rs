//! Densities against numerical integration, and draws against densities.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Domain, Key, Prior, Space, SpaceError, Value};
use automl_tpe::{Bandwidth, ParzenEstimator};
use kernel_density::ecdf::Ecdf;
use kernel_density::kolmogorov_smirnov;
use proptest::prelude::*;

/// Midpoints of the integration rule on `[0, 1]`.
const NODES: usize = 2_000;

fn estimate(space: &Space, n: usize, seed: u64, strength: f64) -> ParzenEstimator {
    let mut rng = stream(seed, 0, "observations");
    let configs: Vec<Config> = (0..n).map(|_| space.sample(&mut rng)).collect();
    let configs: Vec<&Config> = configs.iter().collect();
    let weights: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
    ParzenEstimator::new(space, &configs, &weights, 1.0, strength, Bandwidth::default())
}

/// All values of a discrete domain, or nodes of a continuous one, each with its measure.
fn values(domain: &Domain, nodes: usize) -> Vec<(Value, f64)> {
    match domain {
        Domain::Categorical(d) => {
            (0..d.choices().len()).map(|i| (Value::Category(i), 1.0)).collect()
        }
        Domain::Int(d) => {
            (0..d.len() as i64).map(|i| (Value::Int(d.low() + i * d.step()), 1.0)).collect()
        }
        domain => {
            let (n, measure) = match domain.cardinality() {
                Some(n) => (n as usize, 1.0),
                None => (nodes, 1.0 / nodes as f64),
            };
            (0..n).map(|i| (domain.from_unit((i as f64 + 0.5) / n as f64), measure)).collect()
        }
    }
}

/// The integral of the density over the tree of parameters from `index` on.
fn integral(
    p: &ParzenEstimator,
    space: &Space,
    config: &mut Config,
    index: usize,
    nodes: usize,
) -> f64 {
    let Some(param) = space.params().get(index) else { return p.log_density(config).exp() };
    if !space.is_active(index, config) {
        return integral(p, space, config, index + 1, nodes);
    }
    let mut sum = 0.0;
    for (value, measure) in values(param.domain(), nodes) {
        config.set(index, Some(value));
        sum += measure * integral(p, space, config, index + 1, nodes);
        config.set(index, None);
    }
    sum
}

fn total(p: &ParzenEstimator, space: &Space, nodes: usize) -> f64 {
    integral(p, space, &mut Config::empty(space.len()), 0, nodes)
}

/// One parameter of each kind, each a space of its own.
fn lines() -> Result<Vec<Space>, SpaceError> {
    let mut spaces = Vec::new();
    let normal = Prior::Normal { mean: 0.4, sd: 0.2 };
    let weights = Prior::Weights { weights: vec![0.0, 3.0, 1.0, 1.0] };
    for kind in 0..10 {
        let mut space = Space::builder();
        match kind {
            0 => drop(space.float("x", -3.0..=7.0).add()?),
            1 => drop(space.float("x", 1e-6..=1.0).log().add()?),
            2 => drop(space.float("x", 0.0..=1.0).step(0.125).add()?),
            3 => drop(space.int("x", -3..=12).add()?),
            4 => drop(space.int("x", 1..=300).log().add()?),
            5 => drop(space.int("x", 0..=1000).step(20).add()?),
            6 => drop(space.choice("x", ["a", "b", "c", "d"]).add()?),
            7 => drop(space.ordinal("x", ["a", "b", "c", "d", "e"]).add()?),
            8 => drop(space.float("x", 0.0..=1.0).prior(normal.clone()).add()?),
            _ => drop(space.choice("x", ["a", "b", "c", "d"]).prior(weights.clone()).add()?),
        }
        spaces.push(space.build()?);
    }
    Ok(spaces)
}

fn tree() -> Result<Space, SpaceError> {
    let mut space = Space::builder();
    let kind = space.choice("kind", ["a", "b", "c"]).add()?;
    space
        .float("x", 0.0..=1.0)
        .when(kind, "a")
        .prior(Prior::Normal { mean: 0.2, sd: 0.1 })
        .add()?;
    let n = space.int("n", 1..=6).log().when(kind, "b").add()?;
    space.float("y", 1e-3..=1.0).log().when_between(n, 2.0, 4.0).add()?;
    space.ordinal("z", [1, 2, 4]).add()?;
    space.build()
}

/// A trial that failed before it had a value is a uniform component on that axis, also where every
/// configuration has the parameter.
#[test]
fn an_observation_may_lack_a_value() {
    let mut space = Space::builder();
    space.float("x", 0.0..=1.0).add().unwrap();
    space.float("y", 0.0..=1.0).add().unwrap();
    let space = space.build().unwrap();
    let at = |x, y: Option<f64>| {
        let mut config = Config::empty(2);
        config.set(0, Some(Value::Float(x)));
        config.set(1, y.map(Value::Float));
        config
    };
    let configs = [at(0.2, Some(0.7)), at(0.6, None), at(0.9, Some(0.1))];
    let configs: Vec<&Config> = configs.iter().collect();
    let p = ParzenEstimator::new(&space, &configs, &[1.0; 3], 1.0, 1.0, Bandwidth::default());
    let sum = integral(&p, &space, &mut Config::empty(2), 0, 300);
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn densities_integrate_to_one(n in 0usize..40, seed: u64, strength in 0.0f64..=1.0) {
        for space in lines().unwrap() {
            let p = estimate(&space, n, seed, strength);
            let sum = total(&p, &space, NODES);
            // Cells that are narrow against the kernel are integrated by the midpoint rule.
            prop_assert!((sum - 1.0).abs() < 4e-3, "{:?}: {sum}", space.params());
        }
        let space = tree().unwrap();
        let sum = total(&estimate(&space, n, seed, strength), &space, 400);
        prop_assert!((sum - 1.0).abs() < 4e-3, "{sum}");
    }

    #[test]
    fn draws_lie_in_the_space(n in 0usize..20, seed: u64) {
        let space = tree().unwrap();
        let p = estimate(&space, n, seed, 0.5);
        let mut rng = stream(seed, 1, "draws");
        for _ in 0..50 {
            let config = p.sample(&space, &mut rng);
            prop_assert!(space.check(&config).is_ok());
            prop_assert!(p.log_density(&config).is_finite());
        }
    }
}

/// A number of `[0, 1]` as an integer: `kernel_density` needs samples with a total order.
fn integer(x: f64) -> i64 {
    (x * 1e15) as i64
}

#[test]
fn draws_follow_the_density() {
    const DRAWS: usize = 4_000;
    for (i, space) in lines().unwrap().into_iter().enumerate() {
        let p = estimate(&space, 12, 5, 0.7);
        let mut rng = stream(i as u64, 2, "draws");
        let domain = space.params()[0].domain().clone();
        let draws: Vec<i64> = (0..DRAWS)
            .map(|_| integer(domain.to_unit(p.sample(&space, &mut rng).value(0).unwrap())))
            .collect();
        let ecdf = Ecdf::new(&draws);
        let (mut sum, mut gap) = (0.0f64, 0.0f64);
        for (value, measure) in values(&domain, 4 * NODES) {
            let mut config = Config::empty(1);
            config.set(0, Some(value));
            sum += measure * p.log_density(&config).exp();
            // On average half a cell behind the node, which is within the tolerance.
            gap = gap.max((ecdf.value(integer(domain.to_unit(value)) + 1) - sum).abs());
        }
        // The one-sample Kolmogorov-Smirnov bound at 1e-4 is 2.23 / sqrt(n).
        assert!(gap < 2.23 / (DRAWS as f64).sqrt() + 2e-3, "{:?}: {gap}", space.params());
    }
}

#[test]
fn draws_of_one_density_agree_and_of_two_differ() {
    let space = &lines().unwrap()[0];
    let key: Key<f64> = space.float_key("x").unwrap();
    let draw = |estimator: &ParzenEstimator, stream_of: u64| -> Vec<i64> {
        let mut rng = stream(stream_of, 3, "draws");
        (0..300).map(|_| integer((estimator.sample(space, &mut rng)[key] + 3.0) / 10.0)).collect()
    };
    let (p, q) = (estimate(space, 12, 5, 0.0), estimate(space, 3, 8, 0.0));
    assert!(!kolmogorov_smirnov::test(&draw(&p, 0), &draw(&p, 1), 0.99).is_rejected);
    assert!(kolmogorov_smirnov::test(&draw(&p, 0), &draw(&q, 1), 0.99).is_rejected);
}
