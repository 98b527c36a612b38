//! Options of the samplers: documentation, defaults, ranges and supported studies.
#![allow(clippy::unwrap_used)]

use automl_evolution::{
    CmaEsConfig, Nsga2Config, PolicyGradientConfig, RegularizedEvolutionConfig,
};
use automl_space::Space;
use automl_study::part::{PartConfig, SamplerConfig, StudyContext};
use serde_json::{Value, json};

/// Asserts that the table of options is complete, that the defaults are valid, and that these values
/// are refused.
fn check<C: SamplerConfig>(name: &str, refused: &[(&str, Value)]) {
    assert_eq!(C::NAME, name);
    for option in C::OPTIONS {
        let row = format!("| `{}` |", option.name());
        assert!(C::SUMMARY.contains(&row), "{name}: {row}");
    }
    let mut space = Space::builder();
    space.float("x", 0.0..=1.0).add().unwrap();
    let space = space.build().unwrap();
    let study = StudyContext::new(&space);
    assert!(C::default().build(&study).is_ok());
    let several = StudyContext { objectives: 2, ..study };
    assert_eq!(C::default().build(&several).is_ok(), C::SUPPORTS.several_objectives);
    for (option, value) in refused {
        let options = [((*option).to_owned(), value.clone())].into_iter().collect();
        let error = C::from_options(&options).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: {option} = ")), "{error}");
    }
}

#[test]
fn cmaes() {
    check::<CmaEsConfig>("cmaes", &[("sigma", json!(0.0)), ("population", json!(3))]);
}

#[test]
fn nsga2() {
    check::<Nsga2Config>("nsga2", &[("population", json!(1)), ("mutation-rate", json!(1.1))]);
    let rate = [("mutation-rate".to_owned(), Value::Null)].into_iter().collect();
    assert_eq!(Nsga2Config::from_options(&rate).unwrap(), Nsga2Config::default());
}

#[test]
fn evolution() {
    let refused = [("tournament", json!(0)), ("mutation-step", json!(-0.5))];
    check::<RegularizedEvolutionConfig>("evolution", &refused);
}

#[test]
fn reinforce() {
    let refused = [("exploration", json!(2)), ("learning-rate", json!(0))];
    check::<PolicyGradientConfig>("reinforce", &refused);
}
