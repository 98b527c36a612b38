//! A search for small networks with a sampler of one's own.
//!
//! Run: `cargo run --release -p automl-examples --bin search_with_own_sampler`

use automl::search::{Event, Search};
use automl::settings::{Device, Settings};
use automl::space::Config;
use automl::study::{ProposeError, Sampler, View};
use rand::Rng;
use std::error::Error;

/// After eight random networks, mutants of the best one so far.
#[derive(Debug)]
struct Climb;

impl Sampler for Climb {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let evaluated = view.history.trials().iter().filter(|trial| trial.last_values().is_some());
        let best = evaluated.min_by(|a, b| {
            let loss = |values: Option<&[f64]>| values.map_or(f64::NAN, |v| view.history.loss(v));
            loss(a.last_values()).total_cmp(&loss(b.last_values()))
        });
        Ok(match best {
            Some(best) if view.number >= 8 => view.space.mutate(&best.config, 0.3, 0.2, rng),
            _ => view.space.sample(rng),
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runs = std::env::temp_dir().join(format!("search-{}", std::process::id()));
    // The embedded digits; few epochs, so that the example takes seconds.
    let mut settings = Settings { runs: runs.clone(), device: Device::Cpu, ..Settings::default() };
    settings.search.trials = 16;
    settings.search.max_params = Some(20_000);
    settings.search.final_networks = 3;
    settings.training.epochs = Some(3);
    settings.training.final_epochs = Some(6);

    // The search takes the sampler as it is. What it wraps around it keeps networks over the limit
    // from being trained, and each network from being tried twice.
    let outcome = Search::builder(settings)
        .sampler(Climb)
        .observer(|event| {
            if let Event::Note(note) = event {
                println!("note: {note}");
            }
        })
        .run()?;
    let summary = outcome.finished().ok_or("the search was interrupted")?;
    println!("{} candidates, {} networks trained to the end", summary.trials, summary.front.len());
    for network in &summary.front {
        println!("{:6} parameters, {:5.2} %", network.params, 100.0 * network.test_accuracy);
    }
    assert_eq!(summary.trials, 16);
    assert!(!summary.front.is_empty());
    assert!(summary.front.iter().all(|network| network.params <= 20_000));
    assert!(summary.front.iter().any(|network| network.test_accuracy > 0.3));
    std::fs::remove_dir_all(runs)?;
    Ok(())
}
