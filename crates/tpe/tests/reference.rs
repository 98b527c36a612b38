//! Parzen estimators against SciPy: `testdata/reference.json`, made by `reference.py` beside it.
#![allow(clippy::unwrap_used)]

use automl_space::{Config, Space};
use automl_tpe::{Bandwidth, ParzenEstimator};
use serde_json::Value;

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn densities_agree_with_scipy() {
    let text = include_str!("../testdata/reference.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let table = |name: &str| -> Vec<Vec<f64>> {
            case[name].as_array().unwrap().iter().map(list).collect()
        };
        let (observations, points) = (table("observations"), table("points"));
        let mut builder = Space::builder();
        for j in 0..points[0].len() {
            builder.float(&format!("x{j}"), 0.0..=1.0).add().unwrap();
        }
        let space = builder.build().unwrap();
        let number = |name: &str| case[name].as_f64().unwrap();
        let bandwidth = Bandwidth {
            min_width: number("min_width"),
            exponent: number("exponent"),
            ..Bandwidth::default()
        };
        let configs: Vec<Config> = observations.iter().map(|x| space.decode(x)).collect();
        let configs: Vec<&Config> = configs.iter().collect();
        let weights = list(&case["weights"]);
        let prior = number("prior_weight");
        let p = ParzenEstimator::new(&space, &configs, &weights, prior, 0.0, bandwidth);
        for (point, expected) in points.iter().zip(list(&case["log_densities"])) {
            let found = p.log_density(&space.decode(point));
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
