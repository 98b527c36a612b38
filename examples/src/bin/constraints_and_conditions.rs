//! A conditional space with a constraint that is known before a trial, and a black-box constraint
//! that only an evaluation shows.
//!
//! Run: `cargo example constraints_and_conditions`

use automl::gp::GpSampler;
use automl::space::Space;
use automl::study::{Outcome, Study};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut space = Space::builder();
    let optimizer = space.choice("optimizer", ["adam", "sgd"]).add()?;
    let rate = space.float("rate", 1e-4..=1.0).log().add()?;
    // Only SGD has momentum: with Adam the parameter is inactive and has no value.
    let momentum = space.float("momentum", 0.0..=0.99).when(optimizer, "sgd").add()?;
    let depth = space.int("depth", 1..=10).add()?;
    let width = space.int("width", 8..=64).add()?;
    // A constraint on the configuration itself: no sampler proposes what breaks it.
    space.require("depth * width <= 256")?;
    let mut study = Study::builder(space.build()?).sampler(GpSampler::default()).build()?;

    study.optimize(60, |config| {
        let fit = match config.get(momentum) {
            None => 0.2,
            Some(momentum) => (momentum - 0.9).abs(),
        };
        let capacity = (config[depth] * config[width]) as f64;
        let loss = fit + (config[rate].log10() + 1.5).powi(2) + 100.0 / capacity;
        // Measured milliseconds, of which 30 are allowed: a constraint holds where it is <= 0.
        let latency = 2.0 * config[depth] as f64 + 0.5 * config[width] as f64;
        Outcome::Complete { values: vec![loss], constraints: vec![latency - 30.0] }
    })?;

    let trials = study.history().trials();
    let feasible = trials.iter().filter(|trial| trial.is_feasible()).count();
    println!("{feasible} of {} trials keep the latency limit", trials.len());
    let best = study.best().ok_or("no feasible trial is complete")?;
    for (name, value) in study.space().describe(&best.config) {
        println!("  {name:<10} {value}");
    }
    println!("  loss {:.3}, latency {:.1} ms", best.values[0], best.constraints[0] + 30.0);

    assert!(trials.iter().all(|trial| trial.config[depth] * trial.config[width] <= 256));
    assert!(trials.iter().all(|trial| {
        let is_sgd = study.space().choice(&trial.config, optimizer) == Some("sgd");
        trial.config.get(momentum).is_some() == is_sgd
    }));
    assert!(best.is_feasible());
    // The model of the constraint is learned: half of random proposals would be feasible at most.
    assert!(2 * feasible > trials.len());
    Ok(())
}
