//! Options of the samplers in settings.
#![allow(clippy::unwrap_used)]

use automl_gp::{
    Acquisition, AcquisitionName, GpConfig, GpOptions, TrustRegionOptions, TurboConfig,
};
use automl_space::Space;
use automl_study::part::{PartConfig, SamplerConfig, StudyContext};
use serde_json::{Value, json};

fn parse<C: PartConfig>(options: Value) -> Result<C, String> {
    let Value::Object(options) = options else { unreachable!() };
    C::from_options(&options).map_err(|error| error.to_string())
}

#[test]
fn defaults_are_those_of_the_sampler() {
    assert_eq!(GpConfig::default().to_options(), GpOptions::default());
    let trust_region = Some(TrustRegionOptions::default());
    let expected = GpOptions { trust_region, ..GpOptions::default() };
    assert_eq!(TurboConfig::default().to_options(), expected);
}

#[test]
fn acquisition_functions_go_by_name() {
    for name in AcquisitionName::ALL {
        assert!(parse::<GpConfig>(json!({"acquisition": name})).is_ok(), "{name}");
    }
    let options = json!({"acquisition": "lower-confidence-bound", "beta": 1.5});
    let acquisition = parse::<GpConfig>(options).unwrap().to_options().acquisition;
    assert_eq!(acquisition, Acquisition::LowerConfidenceBound(1.5));
    assert!(parse::<GpConfig>(json!({"acquisition": "ucb"})).is_err());
}

#[test]
fn values_out_of_range_are_refused() {
    let error = parse::<GpConfig>(json!({"candidates": 3})).unwrap_err();
    assert_eq!(error, "gp: candidates = 3 is not in [16, 100000]");
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let config = TurboConfig { initial_side: 2.0, ..TurboConfig::default() };
    let error = config.build(&StudyContext::new(&space)).unwrap_err();
    assert!(error.to_string().starts_with("turbo: initial-side = 2 is not in [0.0078125, 1.6]"));
}
