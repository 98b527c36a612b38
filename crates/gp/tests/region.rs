//! Candidates are judged by the region in which they lie.
#![allow(clippy::unwrap_used)]

use automl_gp::region_losses;
use automl_numeric::stream;
use automl_space::Space;
use automl_study::{Direction, History, RandomSampler, Study};
use rand::RngExt;

/// Normal noise, nearly.
fn noise(seed: u64, trial: u64) -> f64 {
    let mut rng = stream(seed, trial, "noise");
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

fn square() -> (Space, impl Fn(&automl_space::Config) -> f64) {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let y = builder.float("y", 0.0..=1.0).add().unwrap();
    let bowl = move |c: &automl_space::Config| (c[x] - 0.3).powi(2) + (c[y] - 0.6).powi(2);
    (builder.build().unwrap(), bowl)
}

fn best(trials: usize, loss: impl Fn(usize) -> f64) -> usize {
    (0..trials).min_by(|&a, &b| loss(a).total_cmp(&loss(b))).unwrap()
}

#[test]
fn a_lucky_trial_does_not_win_against_its_neighbors() {
    let (space, bowl) = square();
    let (mut lucky, mut region) = (0.0, 0.0);
    for seed in 0..12 {
        let mut study = Study::builder(space.clone())
            .seed(seed)
            .sampler(RandomSampler::default())
            .build()
            .unwrap();
        for trial in 0..80 {
            let asked = study.ask().unwrap();
            let loss = bowl(&asked.config) + 0.05 * noise(seed, trial);
            study.tell(asked.number, vec![loss]).unwrap();
        }
        let trials = study.history().trials();
        let losses = region_losses(&space, study.history(), None, 0);
        lucky += bowl(&trials[best(80, |i| trials[i].values[0])].config);
        region += bowl(&trials[best(80, |i| losses[&trials[i].number])].config);
    }
    // .0057 and .0213 over 24 seeds.
    assert!(region < 0.6 * lucky, "by region {}, by loss {}", region / 12.0, lucky / 12.0);
}

#[test]
fn nothing_is_known_of_too_few_or_of_another_objective() {
    let (space, bowl) = square();
    let mut study =
        Study::builder(space.clone()).sampler(RandomSampler::default()).build().unwrap();
    study.optimize(3, &bowl).unwrap();
    assert!(region_losses(&space, study.history(), None, 0).is_empty());
    study.optimize(9, &bowl).unwrap();
    assert_eq!(region_losses(&space, study.history(), None, 0).len(), 12);
    assert!(region_losses(&space, study.history(), None, 1).is_empty());
    let none = History::new(vec![Direction::Minimize]);
    assert!(region_losses(&space, &none, None, 0).is_empty());
}
