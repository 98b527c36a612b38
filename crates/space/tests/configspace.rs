//! ConfigSpace's form: what its package wrote is read, and what we write reads back as the same.

#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Constraint, Prior, Space, SpaceError, Value};
use serde_json::json;

fn fixture() -> Space {
    let json = include_str!("../testdata/configspace.json");
    let json = serde_json::from_str(json).expect("the fixture is JSON");
    Space::from_configspace(&json).expect("the fixture is a space")
}

#[test]
fn the_packages_file_means_what_it_says() {
    let space = fixture();
    assert_eq!(space.len(), 14);
    let index = |name: &str| space.index_of(name).unwrap();
    let prior = |name: &str| space.params()[index(name)].prior().cloned();
    assert_eq!(prior("kind"), Some(Prior::Weights { weights: vec![1.0, 2.0, 3.0] }));
    assert_eq!(prior("whole"), Some(Prior::Normal { mean: 5.0, sd: 2.0 }));
    let (mean, sd) = (0.1_f64.ln(), 1.5_f64.ln());
    assert_eq!(prior("log normal"), Some(Prior::Normal { mean, sd }));
    let kind = space.choice_key("kind").unwrap();
    let (width, size) = (space.int_key("width").unwrap(), space.choice_key("size").unwrap());
    let (normal, bound) = (space.float_key("normal").unwrap(), space.float_key("bound").unwrap());
    let rng = &mut stream(0, 0, "configspace");
    for _ in 0..500 {
        let config = space.sample(rng);
        let has = |name: &str| config.value(index(name)).is_some();
        let kind = space.choice(&config, kind).unwrap();
        assert_eq!(has("a"), kind == "x");
        assert_eq!(has("b"), kind != "z" && config[width] > 4);
        assert_eq!(has("c"), kind != "x");
        assert_eq!(has("d"), kind != "y");
        assert_eq!(has("e"), config[size] < 2);
        assert_eq!(has("f"), config[bound] < 1.0);
        assert_eq!(config.value(index("three")), Some(Value::Category(0)));
        assert!(kind != "x" || config[width] > 2);
        assert!(config[normal] <= config[bound]);
    }
}

#[test]
fn written_and_read_is_the_same() {
    let space = fixture();
    assert_eq!(Space::from_configspace(&space.to_configspace().unwrap()).unwrap(), space);
}

#[test]
fn a_grid_becomes_an_ordinal() {
    let mut builder = Space::builder();
    let grid = builder.int("grid", 2..=10).step(4).add().unwrap();
    builder.float("child", 0.0..=1.0).when_between(grid, 3.0, 20.0).add().unwrap();
    let json = builder.build().unwrap().to_configspace().unwrap();
    assert_eq!(json["hyperparameters"][0]["sequence"], json!([2, 6, 10]));
    assert_eq!(json["conditions"][0]["values"], json!([6, 10]));
}

#[test]
fn what_has_no_counterpart_is_named() {
    let one = |parameter: serde_json::Value| {
        Space::from_configspace(&json!({ "hyperparameters": [parameter] })).unwrap_err().to_string()
    };
    let beta = json!({"name": "b", "type": "beta_float", "alpha": 1.0, "beta": 2.0});
    assert!(one(beta).contains("\"b\": ConfigSpace's type \"beta_float\""));
    assert!(one(json!({"name": "b"})).contains("\"type\""));
    assert!(one(json!({"name": "b", "type": "uniform_float", "lower": 1.0})).contains("high"));
    assert!(matches!(Space::from_configspace(&json!([])), Err(SpaceError::Form { .. })));
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    builder.constraint(Constraint::custom("half", move |_, c| c[x] - 0.5));
    assert!(builder.build().unwrap().to_configspace().unwrap_err().to_string().contains("half"));
}

fn file(name: &str) -> serde_json::Value {
    let path = format!("{}/testdata/configspace/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The number of configurations that the constraints allow.
fn allowed(space: &Space) -> usize {
    space.configs().unwrap().filter(|config| space.allows(config)).count()
}

/// Files of ConfigSpace 1.2 mean the same as their counterparts, also after they were written and
/// read again.
#[test]
fn files_of_the_package_mean_the_same_as_their_counterparts() {
    let expected = file("expected");
    for (name, expected) in expected.as_object().unwrap() {
        let space = Space::from_configspace(&file(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let counterpart = Space::from_json(&expected["counterpart"]).unwrap();
        let again = Space::from_configspace(&space.to_configspace().unwrap()).unwrap();
        assert_eq!(space.len(), counterpart.len(), "{name}");
        let rng = &mut stream(1, 0, "configspace");
        for _ in 0..300 {
            let config = counterpart.sample(rng);
            for space in [&space, &again] {
                assert_eq!(space.check(&config), Ok(()), "{name}");
            }
        }
        for config in space.configs().unwrap().take(1000) {
            let allowed = counterpart.allows(&config);
            assert_eq!(space.allows(&config), allowed, "{name} {config:?}");
            assert_eq!(again.allows(&config), allowed, "{name} {config:?}");
        }
        if let Some(count) = expected["configurations"].as_u64() {
            assert_eq!(allowed(&space), count as usize, "{name}");
            assert_eq!(allowed(&again), count as usize, "{name} written and read");
        }
    }
    let relation =
        Space::from_configspace(&file("relation_ord")).unwrap().to_configspace().unwrap();
    assert_eq!(relation["forbiddens"], json!([{"type": "RELATION_GT", "left": "x", "right": "y"}]));
}

/// The space of parents `p` (integers 1 to 9), `k` (choices), `o` (ordinal), `r` (float) and of one
/// child with this condition.
fn conditioned(condition: &serde_json::Value) -> Result<Space, SpaceError> {
    Space::from_configspace(&json!({
        "hyperparameters": [
            {"name": "p", "type": "uniform_int", "lower": 1, "upper": 9},
            {"name": "k", "type": "categorical", "choices": ["x", "y", "z"]},
            {"name": "o", "type": "ordinal", "sequence": ["s", "m", "l"]},
            {"name": "r", "type": "uniform_float", "lower": 0.0, "upper": 1.0},
            {"name": "c", "type": "uniform_float", "lower": 0.0, "upper": 1.0},
        ],
        "conditions": [condition],
    }))
}

/// The part of a condition on a parent.
fn part(kind: &str, parent: &str, value: impl serde::Serialize) -> serde_json::Value {
    let key = if kind == "IN" { "values" } else { "value" };
    json!({"type": kind, "child": "c", "parent": parent, key: value})
}

fn of(kind: &str, parts: &[serde_json::Value]) -> serde_json::Value {
    json!({"type": kind, "child": "c", "conditions": parts})
}

/// A disjunction is read where it amounts to values or one range of one parent.
#[test]
fn disjunctions_become_ranges_and_lists() {
    let (below, above) = (part("LT", "p", 4), part("GT", "p", 7));
    let both = of("AND", &[part("GT", "p", 1), part("LT", "p", 4)]);
    let shared = |k: &str| of("AND", &[part("EQ", "p", 5), part("EQ", "k", k)]);
    for (condition, holds) in [
        (of("OR", &[below.clone(), above.clone()]), [1, 2, 3, 8, 9].as_slice()),
        (of("OR", &[above.clone(), part("IN", "p", [7, 6])]), &[6, 7, 8, 9]),
        (of("OR", &[both, part("EQ", "p", 9)]), &[2, 3, 9]),
        (of("OR", &[of("OR", &[below, part("EQ", "p", 4)]), part("EQ", "p", 5)]), &[1, 2, 3, 4, 5]),
        (of("OR", &[of("OR", &[shared("x"), shared("y")]), shared("z")]), &[5]),
        (of("OR", &[shared("x"), part("EQ", "p", 5)]), &[5]),
        (part("NEQ", "p", 3), &[1, 2, 4, 5, 6, 7, 8, 9]),
    ] {
        let space = conditioned(&condition).unwrap_or_else(|e| panic!("{condition}: {e}"));
        let again = Space::from_configspace(&space.to_configspace().unwrap()).unwrap();
        let rng = &mut stream(2, 0, "configspace");
        for space in [space, again] {
            let (p, c) = (space.int_key("p").unwrap(), space.index_of("c").unwrap());
            for _ in 0..200 {
                let config = space.sample(rng);
                assert_eq!(config.value(c).is_some(), holds.contains(&config[p]), "{condition}");
            }
        }
    }
    for (condition, named) in [
        (of("OR", &[part("EQ", "p", 1), part("EQ", "k", "x")]), "several parents"),
        (of("OR", &[part("LT", "r", 0.2), part("GT", "r", 0.8)]), "separate ranges"),
        (of("OR", &[]), "needs a list"),
        (of("OR", &[of("AND", &[part("LT", "p", 2), part("GT", "p", 2)])]), "no part"),
        (part("GT", "k", "x"), "does not suit its parent \"k\""),
        (part("NEQ", "r", 0.5), "does not suit its parent \"r\""),
        (part("GE", "p", 2), "unknown condition \"GE\""),
    ] {
        let error = conditioned(&condition).unwrap_err().to_string();
        assert!(error.contains("\"c\"") && error.contains(named), "{condition}: {error}");
    }
}

/// Every relation and every nesting of clauses forbids what ConfigSpace forbids.
#[test]
fn forbidden_clauses_of_every_kind() {
    let clause = |kind: &str, name: &str, value: serde_json::Value| {
        let key = if kind == "IN" { "values" } else { "value" };
        json!({"type": kind, "name": name, key: value})
    };
    let of = |kind: &str, parts: &[serde_json::Value]| json!({"type": kind, "clauses": parts});
    let relation = |kind: &str, left: &str, right: &str| json!({"type": format!("RELATION_{kind}"), "left": left, "right": right});
    let read = |forbidden: &serde_json::Value| {
        Space::from_configspace(&json!({
            "hyperparameters": [
                {"name": "n", "type": "uniform_int", "lower": 1, "upper": 4},
                {"name": "m", "type": "uniform_int", "lower": 1, "upper": 4},
                {"name": "k", "type": "categorical", "choices": ["a", "it's", "c"]},
                {"name": "o", "type": "ordinal", "sequence": ["c", "a", "b"]},
                {"name": "one", "type": "uniform_int", "lower": 2, "upper": 2},
            ],
            "forbiddens": [forbidden],
        }))
    };
    let all = 4 * 4 * 3 * 3;
    for (forbidden, count) in [
        (clause("CLAUSE_GT", "o", json!("a")), all / 3),
        (clause("CLAUSE_GE", "o", json!("a")), all / 3 * 2),
        (clause("CLAUSE_LT", "o", json!("c")), 0),
        (clause("CLAUSE_LE", "n", json!(4)), all),
        (relation("LT", "n", "m"), 6 * 9),
        (relation("GE", "n", "m"), 10 * 9),
        (relation("EQ", "n", "one"), all / 4),
        // Ordinals are compared by value: c > a and b > a.
        (relation("GT", "o", "k"), 16 * 2),
        (relation("EQ", "k", "o"), 16 * 2),
        (json!({"type": "RELATION", "lambda": "LT", "left": "n", "right": "m"}), 6 * 9),
        (of("AND", &[relation("LT", "n", "m"), clause("EQUALS", "k", json!("it's"))]), 6 * 3),
        (of("AND", &[relation("LT", "n", "m"), clause("CLAUSE_GE", "m", json!(4))]), 3 * 9),
        (
            of(
                "OR",
                &[
                    of("AND", &[clause("EQUALS", "n", json!(1)), clause("IN", "m", json!([1, 2]))]),
                    of(
                        "AND",
                        &[
                            clause("EQUALS", "n", json!(2)),
                            of(
                                "OR",
                                &[
                                    clause("EQUALS", "k", json!("a")),
                                    clause("EQUALS", "o", json!("a")),
                                ],
                            ),
                        ],
                    ),
                ],
            ),
            2 * 9 + 4 * 5,
        ),
    ] {
        let space = read(&forbidden).unwrap_or_else(|e| panic!("{forbidden}: {e}"));
        assert_eq!(all - allowed(&space), count, "{forbidden}");
        let again = Space::from_configspace(&space.to_configspace().unwrap()).unwrap();
        assert_eq!(all - allowed(&again), count, "{forbidden}, written and read");
    }
    for (forbidden, named) in [
        (clause("CLAUSE_GT", "k", json!("a")), "\"CLAUSE_GT\" does not suit \"k\""),
        (clause("CLAUSE_GT", "z", json!(1)), "\"z\""),
        (clause("LIKE", "k", json!("a")), "unknown clause \"LIKE\""),
        (relation("GT", "n", "k"), "cannot be compared"),
        (relation("NEAR", "n", "m"), "\"NEAR\""),
        (of("OR", &[]), "needs a list"),
    ] {
        let error = read(&forbidden).unwrap_err().to_string();
        assert!(error.contains("#0") && error.contains(named), "{forbidden}: {error}");
    }
}

/// Expressions that compare parameters with values are written as clauses; arithmetic is refused.
#[test]
fn expressions_are_written_as_clauses() {
    let space = |expression: &str| {
        let mut builder = Space::builder();
        builder.int("n", 1..=5).add().unwrap();
        builder.choice("k", ["a", "b", "c"]).add().unwrap();
        builder.ordinal("o", vec![1_i64, 2, 4]).add().unwrap();
        builder.require(expression).unwrap();
        builder.build().unwrap()
    };
    for text in [
        "n <= 3",
        "n < 3",
        "3 >= n",
        "n == 2",
        "n != 2",
        "k == 'a' or n > 4",
        "k in ['a', 'b']",
        "not (k == 'a' and n > 2)",
        "n >= o",
        "n == o",
        "o != n",
        "n > 9 or k == 'c'",
    ] {
        let space = space(text);
        let again = Space::from_configspace(&space.to_configspace().unwrap()).unwrap();
        for config in space.configs().unwrap() {
            assert_eq!(again.allows(&config), space.allows(&config), "{text} {config:?}");
        }
    }
    let error = space("n * o <= 8").to_configspace().unwrap_err().to_string();
    assert!(error.contains("n * o <= 8"), "{error}");
}

/// ConfigSpace has no number with one value.
#[test]
fn a_number_with_one_value_is_a_constant() {
    let mut builder = Space::builder();
    let n = builder.int("n", 3..=3).add().unwrap();
    builder.float("x", 0.5..=0.5).add().unwrap();
    builder.float("child", 0.0..=1.0).when_between(n, 2.0, 9.0).add().unwrap();
    builder.require("n <= 3").unwrap();
    let json = builder.build().unwrap().to_configspace().unwrap();
    let kind = |i: usize| {
        (json["hyperparameters"][i]["type"].clone(), json["hyperparameters"][i]["value"].clone())
    };
    assert_eq!(kind(0), (json!("constant"), json!(3)));
    assert_eq!(kind(1), (json!("constant"), json!(0.5)));
    assert_eq!(
        json["conditions"],
        json!([{"type": "EQ", "child": "child", "parent": "n", "value": 3}])
    );
    assert_eq!(json["forbiddens"], json!([]));
    let again = Space::from_configspace(&json).unwrap();
    assert!(again.sample(&mut stream(0, 0, "configspace")).value(2).is_some());
}
