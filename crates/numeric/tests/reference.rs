//! Pareto ranks, crowding and hypervolumes against pymoo: `testdata/reference.json`, made by
//! `reference.py` beside it.
#![allow(clippy::unwrap_used)]

use automl_numeric::pareto;
use serde_json::Value;

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::INFINITY)).collect()
}

#[test]
fn ranks_crowding_and_hypervolumes_agree_with_pymoo() {
    let text = include_str!("../testdata/reference.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    let close = |a: f64, b: f64| a == b || (a - b).abs() < 1e-9;
    for case in cases {
        let points: Vec<Vec<f64>> = case["points"].as_array().unwrap().iter().map(list).collect();
        let box_ = vec![1.1; points[0].len()];
        let ranks: Vec<f64> = pareto::ranks(&points).into_iter().map(|rank| rank as f64).collect();
        assert_eq!(ranks, list(&case["ranks"]));
        let front: Vec<&Vec<f64>> =
            list(&case["front"]).into_iter().map(|i| &points[i as usize]).collect();
        let crowding = pareto::crowding(&front, &vec![0; front.len()]);
        for (ours, theirs) in crowding.iter().zip(list(&case["crowding"])) {
            assert!(close(*ours, theirs), "{ours} {theirs}");
        }
        let whole = case["hypervolume"].as_f64().unwrap();
        assert!(close(pareto::hypervolume(&points, &box_), whole));
        let shares = pareto::contributions(&points, &box_);
        for (ours, theirs) in shares.iter().zip(list(&case["contributions"])) {
            assert!(close(*ours, theirs), "{ours} {theirs}");
        }
    }
}
