//! What domains, conditions, constraints, priors and changes of configurations promise, in numbers.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Domain, Prior, Space, Value};

fn one<T>(add: impl FnOnce(&mut automl_space::SpaceBuilder) -> T) -> Space {
    let mut builder = Space::builder();
    add(&mut builder);
    builder.build().unwrap()
}

fn domain<T>(add: impl FnOnce(&mut automl_space::SpaceBuilder) -> T) -> Domain {
    one(add).params()[0].domain().clone()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12 * a.abs().max(b.abs()).max(1.0), "{a} {b}");
}

/// Floats are affine, or affine in the logarithm; each of `n` discrete values stands in the middle of
/// its cell, of logarithmic integers in the logarithm of the interval from low - 1/2 to high + 1/2.
#[test]
fn coordinates_are_those_of_the_documentation() {
    let linear = domain(|b| b.float("x", -1.0..=3.0).add().unwrap());
    let log = domain(|b| b.float("x", 1e-4..=1.0).log().add().unwrap());
    let step = domain(|b| b.float("x", 0.0..=1.0).step(0.25).add().unwrap());
    let int = domain(|b| b.int("x", 3..=7).add().unwrap());
    let even = domain(|b| b.int("x", 2..=8).step(2).add().unwrap());
    let log_int = domain(|b| b.int("x", 1..=8).log().add().unwrap());
    let ordinal = domain(|b| b.ordinal("x", [1, 2, 4, 8]).add().unwrap());
    let width = (8.5_f64 / 0.5).ln();
    for (domain, value, unit) in [
        (&linear, Value::Float(0.0), 0.25),
        (&log, Value::Float(1e-3), 0.25),
        (&step, Value::Float(0.25), 0.3),
        (&int, Value::Int(3), 0.1),
        (&int, Value::Int(7), 0.9),
        (&even, Value::Int(6), 0.625),
        (&log_int, Value::Int(2), (2.0_f64 / 0.5).ln() / width),
        (&ordinal, Value::Category(2), 0.625),
    ] {
        close(domain.to_unit(value), unit);
        close(domain.from_unit(unit).as_f64(), value.as_f64());
    }
    for (domain, unit, cell) in [
        (&int, 0.5, (0.4, 0.6)),
        (&step, 0.3, (0.2, 0.4)),
        (&log_int, 0.0, (0.0, (1.5_f64 / 0.5).ln() / width)),
        (&log_int, 1.0, ((7.5_f64 / 0.5).ln() / width, 1.0)),
    ] {
        let (low, high) = domain.cell(unit);
        close(low, cell.0);
        close(high, cell.1);
    }
    assert_eq!(linear.from_unit(2.0), Value::Float(3.0));
    assert_eq!(int.from_unit(0.1999), Value::Int(3));
    assert_eq!(int.from_unit(0.2001), Value::Int(4));
}

/// A range holds its ends, and all clauses of a condition must hold; so must all of a forbidden
/// combination.
#[test]
fn clauses_hold_together_and_ranges_with_their_ends() {
    let space = Space::from_json(&serde_json::json!({
        "parameters": [
            { "name": "n", "type": "int", "low": 0, "high": 9 },
            { "name": "kind", "type": "categorical", "choices": ["a", "b"] },
            { "name": "x", "type": "float", "low": 0, "high": 1, "condition": [
                { "parent": "n", "low": 3, "high": 6 }, { "parent": "kind", "values": ["b"] },
            ] },
        ],
        "constraints": [
            { "forbidden": [{ "parent": "n", "values": [4] }, { "parent": "kind", "values": ["a"] }] },
            { "expression": "n != 9" },
        ],
    }))
    .unwrap();
    let at = |n: i64, kind: usize| {
        let mut config = Config::empty(3);
        config.set(0, Some(Value::Int(n)));
        config.set(1, Some(Value::Category(kind)));
        config
    };
    for (n, kind, active) in
        [(2, 1, false), (3, 1, true), (6, 1, true), (7, 1, false), (5, 0, false)]
    {
        assert_eq!(space.is_active(2, &at(n, kind)), active, "{n} {kind}");
    }
    for (n, kind, allowed) in [(4, 0, false), (4, 1, true), (3, 0, true), (9, 1, false)] {
        let mut config = at(n, kind);
        config.set(2, space.is_active(2, &config).then_some(Value::Float(0.5)));
        assert_eq!(space.allows(&config), allowed, "{n} {kind}");
    }
}

/// An expression is violated by its excess.
#[test]
fn violations_measure_the_excess() {
    let space = one(|builder| {
        builder.float("x", 0.0..=2.0).add().unwrap();
        builder.float("y", 0.0..=2.0).add().unwrap();
        builder.require("x + 2 * y <= 3").unwrap();
        builder.require("x >= y").unwrap();
    });
    let at = |x: f64, y: f64| space.decode(&[x / 2.0, y / 2.0]);
    close(space.violation(&at(1.5, 0.5)), 0.0);
    close(space.violation(&at(2.0, 1.0)), 1.0);
    close(space.violation(&at(0.5, 1.0)), 0.5);
    close(space.violation(&at(1.0, 1.5)), 1.5);
    close(space.violation(&at(1.0, 1.0)), 0.0);
}

/// A normal prior is truncated to its domain: half of it lies beyond the bound here, nothing of that
/// gathers at the bound, and the density integrates to one.
#[test]
fn normal_priors_are_truncated() {
    let prior = Prior::Normal { mean: 0.0, sd: 0.2 };
    let space = one(|b| b.float("x", 0.0..=1.0).prior(prior).add().unwrap());
    let mut rng = stream(1, 0, "test");
    let draws: Vec<f64> =
        (0..4000).map(|_| space.sample_prior(&mut rng).value(0).unwrap().as_f64()).collect();
    assert!(draws.iter().all(|x| *x > 0.0));
    // The mean of a half normal is .8 sd, the share below one sd 68.3 %; four standard errors.
    let mean = draws.iter().sum::<f64>() / 4000.0;
    let below = draws.iter().filter(|x| **x < 0.2).count() as f64 / 4000.0;
    assert!((mean - 0.1596).abs() < 0.008, "{mean}");
    assert!((below - 0.683).abs() < 0.03, "{below}");
    let density = |x: f64| space.log_prior(&space.decode(&[x])).exp();
    let integral: f64 = (0..1000).map(|i| density((f64::from(i) + 0.5) / 1000.0) / 1000.0).sum();
    assert!((integral - 1.0).abs() < 1e-3, "{integral}");
    close(density(0.2) / density(0.0), (-0.5_f64).exp());
    assert_eq!(space.params()[0].default_value(), Value::Float(0.0));
}

/// Weights of choices are relative: their density and draws are shares.
#[test]
fn weights_are_shares() {
    let weights = Prior::Weights { weights: vec![1.0, 0.0, 3.0] };
    let space = one(|b| b.choice("c", ["a", "b", "c"]).prior(weights).add().unwrap());
    let at = |choice: usize| {
        let mut config = Config::empty(1);
        config.set(0, Some(Value::Category(choice)));
        space.log_prior(&config).exp()
    };
    close(at(0), 0.25);
    close(at(1), 0.0);
    close(at(2), 0.75);
    let mut rng = stream(2, 0, "test");
    let draws: Vec<usize> = (0..2000)
        .map(|_| space.sample_prior(&mut rng).value(0).unwrap().as_f64() as usize)
        .collect();
    let third = draws.iter().filter(|c| **c == 2).count() as f64 / 2000.0;
    assert!((third - 0.75).abs() < 0.04 && !draws.contains(&1), "{third}");
    assert_eq!(space.params()[0].default_value(), Value::Category(2));
}

/// Neighbors differ in one parameter, by a normal step of a fifth of the range; a choice changes to
/// each other one equally often.
#[test]
fn neighbors_are_near_and_differ_in_one_parameter() {
    let space = one(|builder| {
        builder.float("x", 0.0..=1.0).add().unwrap();
        builder.choice("c", ["a", "b", "c", "d"]).add().unwrap();
    });
    let start = space.decode(&[0.5, 0.1]);
    let mut rng = stream(3, 0, "test");
    let all = space.neighbors(&start, &mut rng, 400);
    let mut steps = Vec::new();
    let mut counts = [0; 4];
    for neighbor in &all {
        let moved = neighbor.value(0) != start.value(0);
        assert_ne!(moved, neighbor.value(1) != start.value(1));
        if moved {
            steps.push((neighbor.value(0).unwrap().as_f64() - 0.5).abs());
        }
    }
    steps.sort_by(f64::total_cmp);
    // The median of |N(0, .2)| is .135.
    let median = steps[steps.len() / 2];
    assert!((0.11..0.16).contains(&median), "{median}");
    for _ in 0..900 {
        let other = space.params()[1].domain().perturb(Value::Category(1), 0.2, &mut rng);
        counts[other.as_f64() as usize] += 1;
    }
    assert!(counts[1] == 0 && counts.iter().enumerate().all(|(i, n)| i == 1 || *n > 230));
}

/// A mutation changes each parameter at its rate, at least one, and its step is the given one.
#[test]
fn mutations_have_their_rate_and_step() {
    let space = one(|builder| {
        for i in 0..10 {
            builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
        }
    });
    let start = space.decode(&[0.5; 10]);
    let mut rng = stream(4, 0, "test");
    let (mut changed, mut squares) = (0, 0.0);
    for _ in 0..300 {
        let mutant = space.mutate(&start, 0.4, 0.05, &mut rng);
        let steps: Vec<f64> =
            mutant.values().flatten().map(|v| v.as_f64() - 0.5).filter(|s| *s != 0.0).collect();
        assert!(!steps.is_empty());
        changed += steps.len();
        squares += steps.iter().map(|s| s * s).sum::<f64>();
    }
    let rate = f64::from(changed as u32) / 3000.0;
    let sd = (squares / f64::from(changed as u32)).sqrt();
    assert!((rate - 0.4).abs() < 0.04 && (sd - 0.05).abs() < 0.005, "{rate} {sd}");
}
