//! Minimizes a function of a float on a logarithmic scale and an integer.
//!
//! Run: `cargo example tune_function`

use automl::space::Space;
use automl::study::Study;
use automl::tpe::TpeSampler;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // Each `add` returns a typed key: `config[rate]` is an f64, `config[layers]` an i64.
    let mut space = Space::builder();
    let rate = space.float("rate", 1e-5..=1.0).log().add()?;
    let layers = space.int("layers", 1..=8).add()?;
    let space = space.build()?;

    // A stand-in for a training: the least loss is 0, at rate = 0.01 and layers = 3.
    let loss = |rate: f64, layers: i64| (rate.log10() + 2.0).powi(2) + (layers - 3).pow(2) as f64;

    let mut study = Study::builder(space).sampler(TpeSampler::default()).seed(1).build()?;
    study.optimize(60, |config| loss(config[rate], config[layers]))?;

    let best = study.best().ok_or("no trial is complete")?;
    println!("trial {} of {}", best.number, study.history().len());
    println!("rate   = {:.4} (0.0100 is the minimum)", best.config[rate]);
    println!("layers = {} (3 is the minimum)", best.config[layers]);
    println!("loss   = {:.4}", best.values[0]);
    assert_eq!(best.config[layers], 3);
    assert!(best.values[0] < 0.1);

    // A study is reproducible: the same seed gives the same proposals.
    let mut again =
        Study::builder(study.space().clone()).sampler(TpeSampler::default()).seed(1).build()?;
    again.optimize(60, |config| loss(config[rate], config[layers]))?;
    assert_eq!(again.best().map(|trial| &trial.config), Some(&best.config));
    println!("a second run with the same seed found the same configuration");
    Ok(())
}
