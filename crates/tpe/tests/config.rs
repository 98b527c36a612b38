//! Options of the sampler: documentation, defaults and ranges.
#![allow(clippy::unwrap_used)]

use automl_space::Space;
use automl_study::part::{PartConfig, SamplerConfig, StudyContext};
use automl_tpe::TpeConfig;
use serde_json::json;

#[test]
fn the_table_of_options_is_complete() {
    for option in TpeConfig::OPTIONS {
        let row = format!("| `{}` |", option.name());
        assert!(TpeConfig::SUMMARY.contains(&row), "{row}");
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let parse = |name: &str, value: serde_json::Value| {
        TpeConfig::from_options(&[(name.to_owned(), value)].into_iter().collect())
    };
    assert_eq!(parse("max-good", json!(7)).unwrap().max_good, 7);
    for (name, value) in [
        ("good-share", json!(0.0)),
        ("good-share", json!(1.5)),
        ("max-bad", json!(0)),
        ("candidates", json!(0)),
        ("independent-share", json!(1.1)),
        ("random-fraction", json!(-0.1)),
        ("startup", json!(-1)),
    ] {
        let error = parse(name, value).unwrap_err().to_string();
        assert!(error.starts_with(&format!("tpe: {name} = ")), "{error}");
    }
    let mut space = Space::builder();
    space.float("x", 0.0..=1.0).add().unwrap();
    let space = space.build().unwrap();
    let study = StudyContext::new(&space);
    assert!(TpeConfig::default().build(&study).is_ok());
    assert!(TpeConfig { prior_weight: f64::NAN, ..TpeConfig::default() }.build(&study).is_err());
}
