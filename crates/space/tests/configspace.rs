//! ConfigSpace's form: what its package wrote is read, and what we write reads back as the same.

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
    let equal = |value: &str| json!({"type": "EQ", "child": "c", "parent": "p", "value": value});
    let both = json!({"type": "AND", "conditions": [equal("x"), equal("y")]});
    let nested = json!({
        "hyperparameters": [
            {"name": "p", "type": "categorical", "choices": ["x", "y", "z"]},
            {"name": "c", "type": "uniform_float", "lower": 0.0, "upper": 1.0},
        ],
        "conditions": [{"type": "OR", "child": "c", "conditions": [both, equal("z")]}],
    });
    let error = Space::from_configspace(&nested).unwrap_err().to_string();
    assert!(error.contains("\"c\"") && error.contains("\"AND\" inside"), "{error}");
    assert!(matches!(Space::from_configspace(&json!([])), Err(SpaceError::Form { .. })));
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    builder.constraint(Constraint::custom("half", move |_, c| c[x] - 0.5));
    assert!(builder.build().unwrap().to_configspace().unwrap_err().to_string().contains("half"));
}
