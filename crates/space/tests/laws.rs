//! Laws that every space obeys, on random spaces with nested conditions.

use automl_numeric::stream;
use automl_space::{Constraint, Domain, IntDomain, Prior, Space, Value};
use proptest::prelude::*;

/// Kind, size, and the earlier parameter that a parameter depends on.
type Sketch = Vec<(u8, i64, Option<prop::sample::Index>)>;

fn sketch(kinds: std::ops::Range<u8>) -> impl Strategy<Value = Sketch> {
    prop::collection::vec((kinds, 1..5_i64, any::<Option<prop::sample::Index>>()), 1..7)
}

fn space(sketch: &Sketch) -> Space {
    let mut list: Vec<serde_json::Value> = Vec::new();
    for (i, (kind, n, parent)) in sketch.iter().enumerate() {
        let mut param = match kind {
            0 => serde_json::json!({"type": "int", "low": -1, "high": 2 * n - 1, "step": 2}),
            1 => serde_json::json!({"type": "float", "low": 0.1, "high": 0.1 + 0.3 * *n as f64,
                                    "step": 0.3}),
            2 => serde_json::json!({"type": "categorical",
                                    "choices": (0..*n).collect::<Vec<_>>(),
                                    "prior": {"weights": (1..=*n).collect::<Vec<_>>()}}),
            3 => serde_json::json!({"type": "ordinal", "choices": (0..*n).collect::<Vec<_>>()}),
            4 => serde_json::json!({"type": "int", "low": 1, "high": n * n, "log": true,
                                    "prior": {"mean": 0.5, "sd": 0.7}}),
            5 => serde_json::json!({"type": "float", "low": 1e-5, "high": 10.0, "log": true,
                                    "prior": {"mean": -3.0, "sd": 1.0}}),
            _ => serde_json::json!({"type": "float", "low": -2.0, "high": *n}),
        };
        param["name"] = format!("p{i}").into();
        if let Some(parent) = parent.as_ref().filter(|_| i > 0).map(|p| p.index(i)) {
            let condition = match sketch[parent].0 {
                2 | 3 => serde_json::json!({"parent": format!("p{parent}"), "values": [0]}),
                _ => serde_json::json!({"parent": format!("p{parent}"), "low": 0.0, "high": 3.0}),
            };
            param["condition"] = condition;
        }
        list.push(param);
    }
    Space::from_json(&list.into()).expect("every sketch is a space")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The nearest integer of a grid, however wide it is.
    #[test]
    fn the_nearest_integer(
        low in any::<i64>(), width in any::<u64>(), step in 1..1_000_000_i64,
        x in -(1_i64 << 52)..1 << 52,
    ) {
        let high = i64::try_from(i128::from(low) + i128::from(width)).unwrap_or(i64::MAX);
        let domain = IntDomain::new(low, high, false, step).unwrap();
        let near = match Domain::Int(domain.clone()).nearest(x as f64) {
            Some(Value::Int(near)) => i128::from(near),
            other => panic!("{other:?}"),
        };
        let (low, step) = (i128::from(low), i128::from(step));
        let last = low + (i128::from(high) - low) / step * step;
        let away = |y: i128| (y - i128::from(x)).abs();
        prop_assert_eq!((near - low) % step, 0);
        prop_assert!(near >= low && near <= last);
        for other in [near - step, near + step] {
            prop_assert!(other < low || other > last || away(near) <= away(other));
        }
    }

    #[test]
    fn draws_are_valid_and_survive_round_trips(sketch in sketch(0..7), seed: u64) {
        let space = space(&sketch);
        let text = serde_json::to_string(&space).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Space>(&text).unwrap(), &space);
        let rng = &mut stream(seed, 0, "laws");
        for _ in 0..8 {
            for config in [space.sample(rng), space.sample_prior(rng)] {
                prop_assert!(space.check(&config).is_ok());
                prop_assert_eq!(space.check(&space.canonical(&config)), Ok(()));
                let once = space.canonical(&config);
                prop_assert_eq!(&space.canonical(&once), &once);
                let back = space.decode(&space.encode(&config).unit);
                prop_assert_eq!(space.check(&back), Ok(()));
                for (a, b) in config.values().zip(back.values()) {
                    match (a, b) {
                        (Some(Value::Float(a)), Some(Value::Float(b))) => {
                            prop_assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{} {}", a, b);
                        }
                        _ => prop_assert_eq!(a, b),
                    }
                }
            }
        }
    }

    #[test]
    fn neighbors_and_mutants_are_valid_and_differ(sketch in sketch(0..7), seed: u64) {
        let space = space(&sketch);
        let rng = &mut stream(seed, 0, "laws");
        let config = space.sample(rng);
        let fixed = (0..space.len()).all(|i| {
            config.value(i).is_none() || space.params()[i].domain().cardinality() == Some(1)
        });
        let neighbors = space.neighbors(&config, rng, 5);
        prop_assert_eq!(neighbors.is_empty(), fixed);
        for (i, neighbor) in neighbors.iter().enumerate() {
            prop_assert_eq!(space.check(neighbor), Ok(()));
            prop_assert_ne!(neighbor, &config);
            prop_assert!(!neighbors[..i].contains(neighbor));
            // One value that stood before and still stands has changed, no more.
            let both = config.values().zip(neighbor.values());
            let changed = both.filter(|(a, b)| a.is_some() && b.is_some() && a != b).count();
            prop_assert_eq!(changed, 1);
        }
        let mutant = space.mutate(&config, 0.3, 0.1, rng);
        prop_assert_eq!(space.check(&mutant), Ok(()));
        prop_assert_eq!(mutant == config, fixed);
    }

    #[test]
    fn the_size_is_the_number_of_configurations(sketch in sketch(0..5)) {
        let space = space(&sketch);
        let size = space.size().unwrap();
        prop_assume!(size < 5000);
        let all: Vec<_> = space.configs().unwrap().collect();
        prop_assert_eq!(all.len() as u128, size);
        prop_assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
        for config in &all {
            prop_assert_eq!(space.check(config), Ok(()));
        }
    }
}

#[test]
fn continua_and_many_combinations_have_no_size() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    assert_eq!(space.size(), None);
    assert!(space.configs().is_none());
    let mut builder = Space::builder();
    for i in 0..300 {
        builder.int(&format!("x{i}"), i64::MIN..=i64::MAX).add().unwrap();
    }
    assert_eq!(builder.build().unwrap().size(), Some(u128::MAX));
}

#[test]
fn extremes_do_not_panic() {
    let mut builder = Space::builder();
    let huge = builder.int("huge", i64::MIN..=i64::MAX).add().unwrap();
    builder.int("stepped", i64::MIN..=i64::MAX).step(i64::MAX).add().unwrap();
    builder.int("log", 1..=i64::MAX).log().add().unwrap();
    builder.int("point", 7..=7).add().unwrap();
    builder.float("tiny", 1.0..=1.0 + f64::EPSILON).add().unwrap();
    builder.float("far", 1e17..=1e17 + 64.0).step(1.0).add().unwrap();
    builder.float("wide", -8e307..=8e307).add().unwrap();
    builder.float("subnormal", 1e-320..=1e308).log().add().unwrap();
    builder.choice("many", (0..1000_i64).collect::<Vec<_>>()).add().unwrap();
    let distant = Prior::Normal { mean: 1e9, sd: 1e-9 };
    builder.float("distant", 0.0..=1.0).prior(distant).add().unwrap();
    for i in 0..300 {
        builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
    }
    let space = builder.build().unwrap();
    let rng = &mut stream(3, 1, "laws");
    for _ in 0..50 {
        let config = space.sample_prior(rng);
        assert_eq!(space.check(&config), Ok(()));
        assert_eq!(space.check(&space.decode(&space.encode(&config).unit)), Ok(()));
        let mutant = space.mutate(&config, 0.5, 0.2, rng);
        assert_eq!(space.check(&mutant), Ok(()));
        assert_eq!(space.neighbors(&config, rng, 3).len(), 3);
    }
    let Domain::Int(_) = space.params()[huge.index()].domain() else { panic!("not an int") };
    for (index, last) in [(0, i64::MAX), (1, i64::MAX - 1), (2, i64::MAX), (3, 7)] {
        let domain = space.params()[index].domain();
        assert_eq!(domain.nth(u128::MAX), Value::Int(last));
        for unit in [f64::NAN, -1.0, 0.0, 0.5, 1.0, f64::INFINITY] {
            assert!(domain.contains(domain.from_unit(unit)), "{index} {unit}");
        }
    }
}

#[test]
fn changes_respect_constraints() {
    let mut builder = Space::builder();
    let a = builder.int("a", 0..=20).add().unwrap();
    let b = builder.int("b", 0..=20).add().unwrap();
    builder.constraint(Constraint::custom("sum", move |_, c| (c[a] + c[b] - 12) as f64));
    let space = builder.build().unwrap();
    let rng = &mut stream(0, 0, "laws");
    for _ in 0..100 {
        let config = space.sample(rng);
        assert!(space.allows(&config) && space.allows(&space.mutate(&config, 0.5, 0.2, rng)));
        assert!(space.neighbors(&config, rng, 4).iter().all(|c| space.allows(c)));
    }
}

/// The Kolmogorov-Smirnov distance of draws from a distribution function, times `sqrt(n)`; above
/// 1.95 with probability 0.001 (Kolmogorov 1933).
fn distance(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let gap = |(i, x): (usize, &f64)| {
        let p = cdf(*x);
        (p - i as f64 / n).max((i + 1) as f64 / n - p)
    };
    draws.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn draws_follow_their_distributions() {
    let mut builder = Space::builder();
    let plain = builder.float("plain", -2.0..=3.0).add().unwrap();
    let log = builder.float("log", 1e-4..=1e2).log().add().unwrap();
    let (mean, sd) = (0.2, 0.5);
    let prior = Prior::Normal { mean, sd };
    let normal = builder.float("normal", 0.0..=1.5).prior(prior).add().unwrap();
    let space = builder.build().unwrap();
    let rng = &mut stream(5, 0, "laws");
    let draws: Vec<_> = (0..4000).map(|_| space.sample_prior(rng)).collect();
    let of = |key| draws.iter().map(|c| c[key]).collect::<Vec<f64>>();
    assert!(distance(of(plain), |x| (x + 2.0) / 5.0) < 1.95);
    assert!(distance(of(log), |x| (x.log10() + 4.0) / 6.0) < 1.95);
    let phi = |x: f64| 0.5 * libm::erfc((mean - x) / (sd * std::f64::consts::SQRT_2));
    let truncated = |x| (phi(x) - phi(0.0)) / (phi(1.5) - phi(0.0));
    assert!(distance(of(normal), truncated) < 1.95);
    // The test can fail: the normal draws are far from uniform.
    assert!(distance(of(normal), |x| x / 1.5) > 1.95);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_prior_of_a_finite_space_sums_to_one(sketch in sketch(0..5)) {
        let space = space(&sketch);
        prop_assume!(space.size().unwrap() < 3000);
        let sum: f64 = space.configs().unwrap().map(|config| space.log_prior(&config).exp()).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
    }
}

#[test]
fn the_prior_of_a_continuum_integrates_to_one() {
    for log in [false, true] {
        let mut builder = Space::builder();
        let prior = Prior::Normal { mean: if log { -2.0 } else { 0.3 }, sd: 0.4 };
        let param = builder.float("x", 0.01..=1.5).prior(prior);
        if log { param.log() } else { param }.add().unwrap();
        let space = builder.build().unwrap();
        let density = |unit: f64| space.log_prior(&space.decode(&[unit])).exp();
        let n = 2000;
        let sum: f64 = (0..n).map(|i| density((f64::from(i) + 0.5) / f64::from(n))).sum();
        assert!((sum / f64::from(n) - 1.0).abs() < 1e-5, "{sum}");
    }
}

/// Values that others write down stand for the very points that samplers draw.
#[test]
fn given_values_lie_on_the_grid() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).step(0.1).add().unwrap();
    let space = builder.build().unwrap();
    let domain = space.params()[0].domain();
    let drawn: Vec<Option<Value>> = (0..11).map(|k| Some(domain.nth(k))).collect();
    let given: Vec<Option<Value>> =
        (0..11).map(|k| domain.value_of(&(f64::from(k) / 10.0).into())).collect();
    assert_eq!(given, drawn);
    assert_eq!(domain.value_of(&0.25.into()), None);
}

#[test]
fn what_is_no_space_is_refused() {
    for json in ["{}", "{\"parameters\": 3}", "3", "{\"parameters\": [], \"constraints\": {}}"] {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert!(Space::from_json(&json).is_err(), "{json}");
    }
}

/// Neither the ratio of the bounds nor the number of steps need fit into a number.
#[test]
fn extreme_domains_work() {
    let mut builder = Space::builder();
    let wide = Prior::Normal { mean: 0.0, sd: 10.0 };
    builder.float("wide", 1e-200..=1e200).log().prior(wide).add().unwrap();
    builder.float("fine", 0.0..=1e300).step(1e-8).add().unwrap();
    let space = builder.build().unwrap();
    let wide = &space.params()[0];
    for (unit, exponent) in [(0.0, -200), (0.25, -100), (0.5, 0), (1.0, 200)] {
        let value = Value::Float(10_f64.powi(exponent));
        assert!((wide.domain().to_unit(value) - unit).abs() < 1e-12, "1e{exponent}");
    }
    let (mean, sd) = wide.prior().unwrap().unit_normal(wide.domain()).unwrap();
    assert!((mean - 0.5).abs() < 1e-12 && sd > 0.01 && sd < 0.02, "{mean} {sd}");
    assert_eq!(space.params()[1].domain().cardinality(), Some(u128::MAX));
    assert_eq!(space.size(), None);
    let rng = &mut stream(0, 0, "laws");
    for config in [space.sample(rng), space.sample_prior(rng)] {
        assert_eq!(space.check(&config), Ok(()));
    }
}
