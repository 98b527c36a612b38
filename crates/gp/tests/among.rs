//! Proposals from a list of configurations.
#![allow(clippy::unwrap_used)]

use automl_gp::{Acquisition, GpOptions, GpSampler};
use automl_numeric::stream;
use automl_space::{Config, Key, Space};
use automl_study::{ProposeError, Sampler, Study, View};
use rand::Rng;

fn square() -> (Space, Key<f64>, Key<f64>) {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let y = builder.float("y", 0.0..=1.0).add().unwrap();
    (builder.build().unwrap(), x, y)
}

fn list(space: &Space, len: usize) -> Vec<Config> {
    let mut rng = stream(4, 0, "list");
    (0..len).map(|_| space.sample(&mut rng)).collect()
}

/// Moves each proposal to the nearest configuration of the list without a trial.
#[derive(Debug)]
struct Nearest(GpSampler, Vec<Config>);

impl Sampler for Nearest {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let unit = view.space.encode(&self.0.propose(view, rng)?).unit;
        let distance = |c: &&Config| -> f64 {
            let squares = view.space.encode(c).unit.into_iter().zip(&unit);
            squares.map(|(a, b)| (a - b).powi(2)).sum()
        };
        let open = self.1.iter().filter(|c| !view.history.seen(c));
        let nearest = open.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        Ok(nearest.unwrap().clone())
    }
}

/// How many trials it takes to find the best of a list of 80 in six dimensions, of which one counts; the sum
/// over seeds.
fn trials_to_best(sampler: impl Fn(Vec<Config>) -> Box<dyn Sampler>) -> usize {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    for i in 0..5 {
        builder.float(&format!("y{i}"), 0.0..=1.0).add().unwrap();
    }
    let space = builder.build().unwrap();
    let list = list(&space, 80);
    let loss = |c: &Config| (c[x] - 0.7).powi(2);
    let best = list.iter().map(loss).fold(f64::INFINITY, f64::min);
    let one = |seed: u64| {
        let sampler = sampler(list.clone());
        let mut study = Study::builder(space.clone()).sampler(sampler).seed(seed).build().unwrap();
        study.optimize(60, loss).unwrap();
        let trials = study.history().trials();
        assert!(trials.iter().all(|trial| list.contains(&trial.config)));
        trials.iter().position(|trial| trial.values[0] == best).unwrap_or(trials.len())
    };
    (0..3).map(one).sum()
}

#[test]
fn the_best_of_a_list_is_found_by_the_acquisition_function() {
    let nearest = trials_to_best(|list| Box::new(Nearest(GpSampler::default(), list)));
    for acquisition in [Acquisition::ExpectedImprovement, Acquisition::Thompson] {
        let options = GpOptions { acquisition, ..GpOptions::default() };
        let ours = trials_to_best(|list| Box::new(GpSampler::new(options).among(list)));
        assert!(2 * ours < nearest, "{acquisition:?} {ours} {nearest}");
    }
}

/// Without repeats, with what the space forbids left out, and then as without a list.
#[test]
fn a_list_is_tried_once_and_then_the_space_is_free() {
    let (space, x, _) = square();
    let list = list(&space, 14);
    let mut builder = space.extended();
    builder.require("x <= 0.8").unwrap();
    let narrow = builder.build().unwrap();
    let allowed = list.iter().filter(|c| c[x] <= 0.8).count();
    assert!(allowed < list.len());
    let sampler = GpSampler::default().among(list.clone());
    let mut study = Study::builder(narrow).sampler(sampler).build().unwrap();
    study.optimize(allowed as u64 + 3, |c| c[x]).unwrap();
    let trials = study.history().trials();
    let listed = trials.iter().map(|trial| list.contains(&trial.config));
    assert!(listed.eq((0..allowed + 3).map(|number| number < allowed)));
    for (i, trial) in trials.iter().enumerate() {
        assert!(trials[..i].iter().all(|other| other.config != trial.config));
    }
}

#[test]
fn an_empty_list_restricts_nothing() {
    let (space, x, y) = square();
    let run = |sampler: GpSampler| -> Vec<Config> {
        let mut study = Study::builder(space.clone()).sampler(sampler).build().unwrap();
        study.optimize(14, |c| c[x] - c[y]).unwrap();
        study.history().trials().iter().map(|trial| trial.config.clone()).collect()
    };
    assert_eq!(run(GpSampler::default()), run(GpSampler::default().among(Vec::new())));
}
