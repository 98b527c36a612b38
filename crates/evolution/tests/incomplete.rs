//! Histories and sources with gaps: a NaN among the values, sources of other studies.
#![allow(clippy::unwrap_used)]

use automl_evolution::{Nsga2Sampler, PolicyGradientSampler, RegularizedEvolutionSampler};
use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_study::{Direction, History, Sampler, Source, SourceTrial, Sources, State, Trial, View};

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.choice("kind", ["a", "b", "c"]).add().unwrap();
    builder.build().unwrap()
}

/// The proposals of twenty studies of two objectives after 60 trials, of which `change` makes something else.
fn proposals(
    make: &dyn Fn() -> Box<dyn Sampler>,
    sources: &Sources,
    change: impl Fn(usize, &mut Trial),
) -> Vec<Config> {
    let space = space();
    let mut history = History::new(vec![Direction::Minimize; 2]);
    for i in 0..60 {
        let config = space.sample(&mut stream(1, i as u64, "trials"));
        let x = space.encode(&config).unit[0];
        let mut trial = Trial::waiting(i as u64, config);
        (trial.state, trial.values) = (State::Complete, vec![x, x * x]);
        change(i, &mut trial);
        history.push(trial).unwrap();
    }
    let propose = |seed: u64| {
        let number = history.next_id();
        let (history, planned_trials, ladder, target) = (&history, None, None, None);
        let view = View { space: &space, history, number, seed, planned_trials, ladder, target };
        let mut sampler = make();
        sampler.warm_start(sources);
        sampler.propose(&view, &mut stream(seed, 0, "propose")).unwrap()
    };
    (0..20).map(propose).collect()
}

#[test]
fn a_trial_with_a_nan_among_its_values_counts_as_failed() {
    let makers: [&dyn Fn() -> Box<dyn Sampler>; 3] = [
        &|| Box::<Nsga2Sampler>::default(),
        &|| Box::<RegularizedEvolutionSampler>::default(),
        &|| Box::<PolicyGradientSampler>::default(),
    ];
    for make in makers {
        let of = |values: &[f64], state: State| {
            proposals(make, &Sources::default(), |i, trial| {
                if i % 4 == 1 {
                    (trial.state, trial.values) = (state, values.to_vec());
                }
            })
        };
        assert_eq!(of(&[-1.0, f64::NAN], State::Complete), of(&[], State::Failed));
    }
}

/// A source with three objectives says no more about two than one without trials.
#[test]
fn a_source_with_other_objectives_teaches_nothing() {
    let of = |trials: u64| {
        let trial = |i: u64| {
            let config = space().sample(&mut stream(2, i, "source"));
            let x = space().encode(&config).unit[0];
            let losses = vec![x, x, i as f64];
            SourceTrial { config, losses, violation: 0.0, complete: true }
        };
        let trials = (0..trials).map(trial).collect();
        let source = Source { name: "earlier".into(), known: vec![true; 2], trials };
        let sources = Sources::new(Vec::new(), vec![source]);
        proposals(&|| Box::<PolicyGradientSampler>::default(), &sources, |_, _| {})
    };
    assert_eq!(of(30), of(0));
}
