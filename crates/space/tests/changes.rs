//! What changed configurations, defaults and finite spaces promise.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Domain, Prior, Space, Value};

fn first<T>(add: impl FnOnce(&mut automl_space::SpaceBuilder) -> T) -> Domain {
    let mut builder = Space::builder();
    add(&mut builder);
    builder.build().unwrap().params()[0].domain().clone()
}

/// A parameter that a mutation makes active is drawn from its prior, not uniformly.
#[test]
fn parameters_that_become_active_come_from_their_priors() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["without", "with"]).add().unwrap();
    let prior = Prior::Normal { mean: 0.2, sd: 0.02 };
    let x = builder.float("x", 0.0..=1.0).prior(prior).when(kind, "with").add().unwrap();
    let space = builder.build().unwrap();
    let start = space.decode(&[0.1, 0.9]);
    assert_eq!(start.get(x), None);
    let rng = &mut stream(1, 0, "test");
    for _ in 0..50 {
        let mutant = space.mutate(&start, 0.5, 0.1, rng);
        assert!((mutant[x] - 0.2).abs() < 0.11, "{mutant:?}");
        let neighbors = space.neighbors(&start, rng, 1);
        assert!((neighbors[0][x] - 0.2).abs() < 0.11, "{neighbors:?}");
    }
}

/// A step beyond a bound is reflected: nothing gathers at the bound, and near it the density doubles.
#[test]
fn steps_are_reflected_at_the_bounds() {
    let domain = first(|b| b.float("x", 0.0..=1.0).add().unwrap());
    let rng = &mut stream(2, 0, "test");
    let mut below = 0;
    for _ in 0..2000 {
        let x = domain.perturb(Value::Float(0.02), 0.1, rng).as_f64();
        assert!(x > 0.0 && x < 1.0);
        below += usize::from(x < 0.02);
    }
    // P(0 < Z < .2) of the step itself is 7.9 %, and as much is reflected into the interval.
    let share = below as f64 / 2000.0;
    assert!((share - 0.158).abs() < 0.033, "{share}");
}

/// Integers and ordinals always change, also where the step is much smaller than a cell, and to a
/// neighbor then.
#[test]
fn discrete_values_move_to_their_neighbors() {
    let int = first(|b| b.int("n", 0..=20).step(5).add().unwrap());
    let ordinal = first(|b| b.ordinal("o", [1, 2, 4, 8]).add().unwrap());
    let grid = first(|b| b.float("x", 0.0..=1.0).step(0.25).add().unwrap());
    let rng = &mut stream(3, 0, "test");
    for (domain, value, near) in [
        (&int, Value::Int(10), [5.0, 15.0]),
        (&ordinal, Value::Category(1), [0.0, 2.0]),
        (&grid, Value::Float(0.5), [0.25, 0.75]),
    ] {
        let mut seen = [0; 2];
        for _ in 0..60 {
            let other = domain.perturb(value, 1e-6, rng).as_f64();
            let at = near.iter().position(|x| *x == other).unwrap();
            seen[at] += 1;
        }
        assert!(seen.iter().all(|n| *n > 10), "{seen:?}");
    }
    assert_eq!(int.perturb(Value::Int(0), 1e-6, rng), Value::Int(5));
    assert_eq!(int.perturb(Value::Int(20), 1e-6, rng), Value::Int(15));
}

/// The default of a parameter is the declared one, else the mode of its prior, else the middle.
#[test]
fn defaults_are_declared_or_likely() {
    let mut builder = Space::builder();
    builder.float("declared", 0.0..=1.0).default(0.9).add().unwrap();
    let normal = Prior::Normal { mean: 6.0, sd: 1.0 };
    builder.int("likely", 0..=9).prior(normal).add().unwrap();
    let log = Prior::Normal { mean: -7.0, sd: 1.0 };
    builder.float("rate", 1e-4..=1.0).log().prior(log).add().unwrap();
    builder.int("middle", 1..=9).add().unwrap();
    builder.float("scale", 1e-4..=1.0).log().add().unwrap();
    let space = builder.build().unwrap();
    let default = space.canonical(&Config::empty(5));
    let values: Vec<f64> = default.values().flatten().map(|v| v.as_f64()).collect();
    assert_eq!(values[..2], [0.9, 6.0]);
    assert!((values[2].ln() + 7.0).abs() < 1e-9, "{values:?}");
    assert_eq!(values[3], 5.0);
    assert!((values[4] - 1e-2).abs() < 1e-9, "{values:?}");
    assert_eq!(space.declared_default(), Some(default));
}

/// A declared default that a constraint forbids is none; a space without one has none.
#[test]
fn a_forbidden_default_is_none() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).default(0.9).add().unwrap();
    let space = builder.build().unwrap();
    assert!(space.declared_default().is_some());
    let mut builder = space.extended();
    builder.require("x <= 0.5").unwrap();
    assert_eq!(builder.build().unwrap().declared_default(), None);
    let mut plain = Space::builder();
    plain.float("x", 0.0..=1.0).add().unwrap();
    assert_eq!(plain.build().unwrap().declared_default(), None);
}

/// The densities of a normal prior on discrete values are those of the normal density over their cells:
/// symmetric around the mean, and highest there.
#[test]
fn priors_of_grids_are_centered() {
    let mut builder = Space::builder();
    let prior = |mean: f64, sd: f64| Prior::Normal { mean, sd };
    builder.int("n", 0..=10).prior(prior(5.0, 2.0)).add().unwrap();
    builder.int("even", 0..=10).step(2).prior(prior(4.0, 3.0)).add().unwrap();
    builder.float("x", 0.0..=1.0).step(0.25).prior(prior(0.5, 0.3)).add().unwrap();
    let space = builder.build().unwrap();
    let [n, even, x] = space.params() else { panic!() };
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    close(n.log_prior(Value::Int(3)), n.log_prior(Value::Int(7)));
    close(even.log_prior(Value::Int(2)), even.log_prior(Value::Int(6)));
    close(x.log_prior(Value::Float(0.25)), x.log_prior(Value::Float(0.75)));
    assert!(n.log_prior(Value::Int(5)) > n.log_prior(Value::Int(4)));
    assert!(even.log_prior(Value::Int(4)) > even.log_prior(Value::Int(2)));
    // Φ(.25) - Φ(-.25) of the mass inside, Φ(2.75) - Φ(-2.75).
    let mass = |z: f64| libm::erf(z / std::f64::consts::SQRT_2);
    close(n.log_prior(Value::Int(5)).exp(), mass(0.25) / mass(2.75));
    assert_eq!(n.log_prior(Value::Int(11)), f64::NEG_INFINITY);
}

/// Draws of a constrained space are those of the free one that the constraint allows; where none is,
/// the least violation is returned.
#[test]
fn rejected_draws_leave_the_rest_as_it_is() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    builder.require("x >= 0.8").unwrap();
    let space = builder.build().unwrap();
    let rng = &mut stream(4, 0, "test");
    let draws: Vec<f64> = (0..1000).map(|_| space.sample(rng)[x]).collect();
    let mean = draws.iter().sum::<f64>() / 1000.0;
    assert!(draws.iter().all(|x| *x >= 0.8) && (mean - 0.9).abs() < 0.01, "{mean}");
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    builder.require("x >= 2").unwrap();
    let space = builder.build().unwrap();
    assert!(space.sample(rng)[x] > 0.98);
}

/// A mutant keeps constraints where it can, and violates them least where it cannot.
#[test]
fn the_least_violating_mutant_is_kept() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    builder.require("x >= 2").unwrap();
    let space = builder.build().unwrap();
    let rng = &mut stream(5, 0, "test");
    // The largest of 32 normal steps of .1 is .2 on average.
    let mean = (0..50).map(|_| space.mutate(&space.decode(&[0.4]), 1.0, 0.1, rng)[x]).sum::<f64>();
    assert!((mean / 50.0 - 0.6).abs() < 0.05, "{}", mean / 50.0);
}

/// The position of a value in a finite domain.
#[test]
fn the_nth_value_is_counted_from_the_lower_end() {
    let int = first(|b| b.int("n", 3..=12).step(4).add().unwrap());
    assert_eq!((0..3).map(|k| int.nth(k).as_f64()).collect::<Vec<_>>(), [3.0, 7.0, 11.0]);
    assert_eq!((int.cardinality(), int.nth(9)), (Some(3), Value::Int(11)));
    let float = first(|b| b.float("x", 0.0..=1.0).step(0.4).add().unwrap());
    assert_eq!((0..3).map(|k| float.nth(k).as_f64()).collect::<Vec<_>>(), [0.0, 0.4, 0.8]);
    let nearest = |x: f64| int.nearest(x).unwrap().as_f64();
    assert_eq!([4.9, 5.1, 99.0, -3.0].map(nearest), [3.0, 7.0, 11.0, 3.0]);
}
