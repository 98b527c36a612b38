//! What the controller learns: dependent decisions, fronts, earlier studies.
#![allow(clippy::unwrap_used)]

use automl_evolution::{PolicyGradientConfig, PolicyGradientSampler};
use automl_numeric::{pareto, stream};
use automl_space::{Config, Key, Space};
use automl_study::{
    Direction, Outcome, RandomSampler, Sampler, Source, SourceTrial, Sources, Study,
};

/// Eight choices of three.
fn layers() -> (Space, Vec<Key<usize>>) {
    let mut builder = Space::builder();
    let key = |i: usize| builder.choice(&format!("layer{i}"), ["a", "b", "c"]).add().unwrap();
    let keys = (0..8).map(key).collect();
    (builder.build().unwrap(), keys)
}

/// The number of pairs of neighbors that do not match: the second of a pair is to be the successor of the
/// first, whatever that is.
fn mismatches(keys: &[Key<usize>], config: &Config) -> f64 {
    let pairs = keys.chunks_exact(2);
    pairs.filter(|pair| config[pair[1]] != (config[pair[0]] + 1) % 3).count() as f64
}

fn controller() -> Box<dyn Sampler> {
    Box::new(PolicyGradientSampler::default())
}

fn random() -> Box<dyn Sampler> {
    Box::new(RandomSampler::uniform())
}

/// The mean loss of the last 50 of `trials` proposals.
fn last(sampler: Box<dyn Sampler>, sources: Sources, trials: usize, seed: u64) -> f64 {
    let (space, keys) = layers();
    let builder = Study::builder(space).sampler(sampler).seed(seed).warm_start(sources);
    let mut study = builder.build().unwrap();
    study.optimize(trials as u64, |config| mismatches(&keys, config)).unwrap();
    let losses = study.history().trials()[trials - 50..].iter().map(|trial| trial.values[0]);
    losses.sum::<f64>() / 50.0
}

#[test]
fn later_decisions_depend_on_earlier_ones() {
    // Independent decisions could do no better than chance: each value is as good as the others.
    let learned = last(controller(), Sources::default(), 300, 0);
    let chance = last(random(), Sources::default(), 300, 0);
    assert!(learned < 0.9 * chance, "{learned} {chance}");
}

#[test]
fn a_source_replaces_the_first_trials() {
    let (space, keys) = layers();
    let trial = |number: u64| {
        let config = space.sample(&mut stream(number, 0, "source"));
        let losses = vec![mismatches(&keys, &config)];
        SourceTrial { config, losses, violation: 0.0, complete: true }
    };
    let source = |sign: f64| {
        let mut trials: Vec<SourceTrial> = (0..150).map(trial).collect();
        trials.iter_mut().for_each(|trial| trial.losses[0] *= sign);
        let source = Source { name: "earlier".into(), known: vec![true; keys.len()], trials };
        Sources::new(Vec::new(), vec![source])
    };
    let from_nothing = last(controller(), Sources::default(), 50, 1);
    let pretrained = last(controller(), source(1.0), 50, 1);
    assert!(pretrained < 0.75 * from_nothing, "{pretrained} {from_nothing}");
    // A source that misleads is left after the first batch.
    let misled = last(controller(), source(-1.0), 300, 1);
    let from_nothing = last(controller(), Sources::default(), 300, 1);
    assert!(misled < 1.3 * from_nothing + 0.3, "{misled} {from_nothing}");
}

#[test]
fn the_weights_of_the_objectives_spread_the_front() {
    let (space, keys) = layers();
    let losses = |config: &Config| {
        let cost = keys.iter().map(|key| config[*key] as f64).sum::<f64>();
        // Each later choice pays off less.
        let gain = |key: &Key<usize>| [0.0, 1.0, 1.3][config[*key]];
        vec![12.0 - keys.iter().map(gain).sum::<f64>(), cost]
    };
    let volume = |sampler: Box<dyn Sampler>| {
        let directions = [Direction::Minimize; 2];
        let builder = Study::builder(space.clone()).directions(directions).sampler(sampler);
        let mut study = builder.seed(2).build().unwrap();
        study.optimize(120, losses).unwrap();
        let points: Vec<&[f64]> =
            study.history().trials().iter().map(|trial| trial.values.as_slice()).collect();
        pareto::hypervolume(&points, &[12.0, 16.0])
    };
    let (learned, chance) = (volume(controller()), volume(random()));
    assert!(learned > 1.02 * chance, "{learned} {chance}");
}

#[test]
fn results_that_come_late_give_the_same_controller_as_a_fresh_one_has() {
    let (space, keys) = layers();
    let config = PolicyGradientConfig { startup: 5, ..Default::default() };
    let sampler = || PolicyGradientSampler::new(config.clone());
    let mut study = Study::builder(space.clone()).sampler(sampler()).seed(3).build().unwrap();
    let mut open = Vec::new();
    // Eight workers, of which the first to ask is the last to tell.
    for round in 0..12 {
        while open.len() < 8 {
            open.push(study.ask().unwrap());
        }
        let told = if round % 4 == 3 { open.split_off(0) } else { open.split_off(4) };
        for trial in told.into_iter().rev() {
            let outcome = Outcome::from(mismatches(&keys, &trial.config));
            study.tell(trial.number, outcome).unwrap();
        }
    }
    let mut fresh = sampler();
    let view = automl_study::View {
        space: study.space(),
        history: study.history(),
        number: study.history().next_id(),
        seed: 3,
        planned_trials: None,
        ladder: None,
        target: None,
    };
    let mut rng = stream(3, view.number.0, "propose");
    let expected = fresh.propose(&view, &mut rng).unwrap();
    assert_eq!(study.ask().unwrap().config, expected);
}
