//! What the parts of the sampler promise.
#![allow(clippy::unwrap_used)]

use automl_gp::GpSampler;
use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_study::{
    Direction, History, Sampler, Source, SourceTrial, Sources, State, Trial, View, sobol_point,
};

/// Trials under way count with fantasies of their outcomes: where one runs at the place of the next
/// proposal, that lies elsewhere.
#[test]
fn running_trials_are_kept_away_from() {
    let mut builder = Space::builder();
    let keys = ["x", "y"].map(|name| builder.float(name, 0.0..=1.0).add().unwrap());
    let space = builder.build().unwrap();
    let propose = |pending: Option<Config>| {
        let mut history = History::new(vec![Direction::Minimize]);
        for number in 0..12_u64 {
            let config = space.decode(&sobol_point(number, 2, 5));
            let [x, y] = keys.map(|key| config[key]);
            let mut trial = Trial::waiting(number, config);
            trial.state = State::Complete;
            trial.values = vec![(7.0 * x).sin() + (5.0 * y).cos() + x * y];
            history.push(trial).unwrap();
        }
        if let Some(config) = pending {
            let mut trial = Trial::waiting(history.next_id(), config);
            trial.state = State::Running;
            history.push(trial).unwrap();
        }
        let view = View {
            space: &space,
            history: &history,
            number: history.next_id(),
            seed: 3,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        GpSampler::default().propose(&view, &mut stream(3, 0, "propose")).unwrap()
    };
    let alone = propose(None);
    let beside = propose(Some(alone.clone()));
    let distance: f64 = keys.iter().map(|key| (alone[*key] - beside[*key]).powi(2)).sum();
    assert!(distance.sqrt() > 0.03, "{alone:?} {beside:?}");
}

/// Trials that follow a source contradict it in nothing, so the fourth and every third one after it are
/// proposed as if there were none.
#[test]
fn controls_know_of_no_source() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let config = |x: f64| space.decode(&[x]);
    let trial = |i: i32| {
        let x = (f64::from(i) + 0.5) / 20.0;
        let losses = vec![(x - 0.3).powi(2)];
        SourceTrial { config: config(x), losses, violation: 0.0, complete: true }
    };
    let trials = (0..20).map(trial).collect();
    let source = Source { name: "earlier".into(), known: vec![true], trials };
    let propose = |number: u64, sources: &Sources| {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..number {
            let values = vec![(i * 5 % 7) as f64];
            let config = config(0.3 + 1e-4 * i as f64);
            let trial = Trial { state: State::Complete, values, ..Trial::waiting(i, config) };
            history.push(trial).unwrap();
        }
        let mut sampler = GpSampler::default();
        sampler.warm_start(sources);
        let view = View {
            space: &space,
            history: &history,
            number: history.next_id(),
            seed: 3,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        sampler.propose(&view, &mut stream(3, number, "propose")).unwrap()
    };
    let (with, without) = (Sources::new(Vec::new(), vec![source]), Sources::default());
    let controls: Vec<u64> =
        (1..9).filter(|n| propose(*n, &with) == propose(*n, &without)).collect();
    assert_eq!(controls, [3, 6]);
    // Of the first configurations one is tried, so that the first control is not put off.
    assert_eq!(GpSampler::default().first_wanted(&with), 1);
}
