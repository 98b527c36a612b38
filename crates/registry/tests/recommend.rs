//! What a study recommends: by a model where losses are noisy, else the best trial.
#![allow(clippy::unwrap_used)]

use automl_numeric::{normal, stream};
use automl_registry::sampler;
use automl_space::Space;
use automl_study::Study;
use automl_study::part::StudyContext;
use rand::RngExt;

/// The exact losses of the recommended and of the best trial of a study of a bowl with normal noise of
/// this standard deviation.
fn losses(name: &str, trials: u64, sd: f64, seed: u64) -> (f64, f64) {
    let mut builder = Space::builder();
    let keys: Vec<_> =
        (0..2).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let context = StudyContext { planned_trials: Some(trials), ..StudyContext::new(&space) };
    let sampler = sampler(&name.parse().unwrap(), &context).unwrap();
    let mut study =
        Study::builder(space).seed(seed).planned_trials(trials).sampler(sampler).build().unwrap();
    let exact = |config: &automl_space::Config| {
        keys.iter().map(|key| (config[*key] - 0.4).powi(2)).sum::<f64>()
    };
    let mut noise = stream(seed, 0, "noise");
    study
        .optimize(trials, |c| exact(c) + sd * normal::quantile(noise.random_range(1e-9..1.0)))
        .unwrap();
    let recommended = exact(&study.recommend().unwrap().config);
    (recommended, exact(&study.best().unwrap().config))
}

/// The least of many noisy losses is that of a lucky trial: over ten seeds its exact loss is well above
/// that of the trial with the least posterior mean, whichever sampler proposes.
#[test]
fn noisy_studies_recommend_by_the_model() {
    for (name, trials) in [("random", 160), ("auto", 60)] {
        let all: Vec<(f64, f64)> = (0..10).map(|seed| losses(name, trials, 0.1, seed)).collect();
        let (ours, luckiest) = all.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        println!("{name}: {ours} {luckiest}");
        assert!(ours < 0.75 * luckiest, "{name}: {ours} {luckiest}");
    }
}

#[test]
fn studies_without_noise_recommend_the_best() {
    for name in ["random", "tpe", "auto"] {
        for seed in 0..3 {
            let (recommended, best) = losses(name, 30, 0.0, seed);
            assert_eq!(recommended, best, "{name} {seed}");
        }
    }
}
