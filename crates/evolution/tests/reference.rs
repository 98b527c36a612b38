//! CMA-ES against pycma: `testdata/reference.json`, made by `reference.py` beside it.
#![allow(clippy::unwrap_used)]

use automl_evolution::CmaEs;
use serde_json::Value;

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// pycma has the expected length of a normal vector exactly, the tutorial an approximation.
const TOLERANCE: f64 = 2e-3;

#[test]
fn states_after_each_generation_agree_with_pycma() {
    let text = include_str!("../testdata/reference.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (start, sigma) = (list(&case["start"]), case["sigma"].as_f64().unwrap());
        let population = case["population"].as_u64().unwrap() as usize;
        let mut es = CmaEs::new(&start, sigma, population, false);
        for (number, generation) in case["generations"].as_array().unwrap().iter().enumerate() {
            let points: Vec<Vec<f64>> =
                generation["points"].as_array().unwrap().iter().map(list).collect();
            es.update(&points);
            let name = format!("{}, generation {number}", case["name"]);
            let close = |what: &str, ours: f64, theirs: f64| {
                let far = (ours - theirs).abs() / theirs.abs().max(1e-3);
                assert!(far < TOLERANCE, "{name}: {what} {ours} {theirs}");
            };
            close("sigma", es.sigma(), generation["sigma"].as_f64().unwrap());
            for (j, mean) in list(&generation["mean"]).into_iter().enumerate() {
                close("mean", es.mean()[j], mean);
            }
            for (j, deviation) in list(&generation["deviations"]).into_iter().enumerate() {
                close("deviation", es.deviation(j), deviation);
            }
        }
    }
}
