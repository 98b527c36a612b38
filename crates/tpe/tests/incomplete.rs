//! Histories with gaps: NaN among the values, constraints that are unknown or of trials that were pruned,
//! known configurations of a finite space, results of long ago.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Space, Value};
use automl_study::{
    Direction, Fidelity, History, Ladder, Report, Sampler, Source, SourceTrial, Sources, State,
    Trial, View,
};
use automl_tpe::{TpeConfig, TpeSampler};

fn line() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

/// The proposals of twenty studies after a history.
fn proposals(
    space: &Space,
    history: &History,
    (config, sources): (&TpeConfig, &Sources),
    ladder: Option<&Ladder>,
) -> Vec<Config> {
    let propose = |seed: u64| {
        let (number, planned_trials) = (history.next_id(), None);
        let target = ladder.map(Ladder::min);
        let view = View { space, history, number, seed, planned_trials, ladder, target };
        let mut sampler = TpeSampler::new(config.clone());
        sampler.warm_start(sources);
        sampler.propose(&view, &mut stream(seed, 0, "propose")).unwrap()
    };
    (0..20).map(propose).collect()
}

/// Forty complete trials with losses `|x - .5|`, of which `change` makes something else.
fn history(objectives: usize, change: impl Fn(usize, &mut Trial)) -> History {
    let space = line();
    let mut history = History::new(vec![Direction::Minimize; objectives]);
    for i in 0..40 {
        let x = (i as f64 * 0.618).fract();
        let mut trial = Trial::waiting(i as u64, space.decode(&[x]));
        trial.state = State::Complete;
        trial.values = vec![(x - 0.5).abs(); objectives];
        change(i, &mut trial);
        history.push(trial).unwrap();
    }
    history
}

fn plain(history: &History) -> Vec<Config> {
    proposals(&line(), history, (&TpeConfig::default(), &Sources::default()), None)
}

#[test]
fn a_trial_with_a_nan_among_its_values_counts_as_failed() {
    let with = |failed: bool| {
        history(2, |i, trial| {
            if i % 4 == 1 {
                trial.values = if failed { Vec::new() } else { vec![-1.0, f64::NAN] };
                trial.state = if failed { State::Failed } else { State::Complete };
            }
        })
    };
    assert_eq!(plain(&with(false)), plain(&with(true)));
}

#[test]
fn a_trial_that_is_pruned_without_a_value_counts_as_failed() {
    let with = |state: State| {
        history(1, |i, trial| {
            if i % 4 == 1 {
                (trial.state, trial.values) = (state, Vec::new());
            }
        })
    };
    assert_eq!(plain(&with(State::Pruned)), plain(&with(State::Failed)));
}

#[test]
fn a_source_of_two_trials_says_nothing() {
    let space = line();
    let with = |trials: i32| {
        let trial = |i: i32| SourceTrial {
            config: space.decode(&[0.05 + 0.3 * f64::from(i)]),
            losses: vec![f64::from(i)],
            violation: 0.0,
            complete: true,
        };
        let trials = (0..trials).map(trial).collect();
        let source = Source { name: "earlier".into(), known: vec![true], trials };
        let sources = Sources::new(Vec::new(), vec![source]);
        proposals(&space, &history(1, |_, _| {}), (&TpeConfig::default(), &sources), None)
    };
    let without = plain(&history(1, |_, _| {}));
    assert_eq!(with(2), without);
    assert_ne!(with(3), without);
}

#[test]
fn constraints_that_are_not_known_are_satisfied() {
    let with = |known: bool| {
        history(1, |i, trial| {
            let all = known || i % 3 > 0;
            trial.constraints = if all { vec![-1.0, -0.5] } else { vec![-1.0] };
        })
    };
    assert_eq!(plain(&with(false)), plain(&with(true)));
}

/// What a pruned trial violates ranks it behind the others, where it is anyway, and says no more.
#[test]
fn constraints_of_pruned_trials_are_not_modelled() {
    let with = |value: f64| {
        history(1, |i, trial| {
            trial.constraints = vec![if i % 8 == 3 { value } else { -1.0 }];
            if i % 8 == 3 {
                let values = std::mem::take(&mut trial.values);
                trial.reports.push(Report { fidelity: Fidelity(1), values });
                trial.state = State::Pruned;
            }
        })
    };
    assert_eq!(plain(&with(-1.0)), plain(&with(1.0)));
}

/// Of several objectives no share is random, even where all of one objective would be: three quarters of
/// the proposals lie near the front, of random ones a fifth.
#[test]
fn several_objectives_have_no_random_share() {
    let config = TpeConfig { random_fraction: 1.0, ..TpeConfig::default() };
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let (space, history) = (line(), history(2, |_, _| {}));
    let all = proposals(&space, &history, (&config, &Sources::default()), Some(&ladder));
    let is_near =
        |c: &&Config| c.value(0).map(Value::as_f64).is_some_and(|x| (x - 0.5).abs() < 0.1);
    assert!(all.iter().filter(is_near).count() >= 12, "{all:?}");
}

/// The best integer and all others that are even are known: candidates are the odd ones alone, and the two
/// beside the best are proposed, by their ratio. A best candidate that is known would be changed into any
/// other.
#[test]
fn known_configurations_of_a_finite_space_are_no_candidates() {
    let mut builder = Space::builder();
    builder.int("n", 0..=40).add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for i in 0..21 {
        let config = space.decode(&[(2.0 * i as f64 + 0.5) / 41.0]);
        let state = State::Complete;
        let values = vec![f64::from(i - 10).abs()];
        history.push(Trial { state, values, ..Trial::waiting(i as u64, config) }).unwrap();
    }
    let config = TpeConfig { max_good: 1, ..TpeConfig::default() };
    let all = proposals(&space, &history, (&config, &Sources::default()), None);
    let is_beside = |c: &&Config| matches!(c.value(0), Some(Value::Int(19 | 21)));
    assert!(all.iter().filter(is_beside).count() >= 18, "{all:?}");
}

/// Of two hundred results the first half contradicts a source and the latter half agrees with it: it is
/// weighted by the latter, and so a trial at its turn is no control.
#[test]
fn sources_are_weighted_by_the_latest_results() {
    let space = line();
    let trial = |i: i32| {
        let x = (f64::from(i) + 0.5) / 20.0;
        let losses = vec![(x - 0.3).powi(2)];
        SourceTrial { config: space.decode(&[x]), losses, violation: 0.0, complete: true }
    };
    let trials = (0..20).map(trial).collect();
    let source = Source { name: "earlier".into(), known: vec![true], trials };
    let sources = Sources::new(Vec::new(), vec![source]);
    let alike = |agrees: fn(u64) -> bool| {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..201 {
            let x = (i as f64 * 0.618).fract();
            let loss = if agrees(i) { (x - 0.3).powi(2) } else { -(x - 0.3).powi(2) };
            let (state, values) = (State::Complete, vec![loss]);
            let config = space.decode(&[x]);
            history.push(Trial { state, values, ..Trial::waiting(i, config) }).unwrap();
        }
        let config = TpeConfig::default();
        let with = proposals(&space, &history, (&config, &sources), None);
        let without = proposals(&space, &history, (&config, &Sources::default()), None);
        with.iter().zip(&without).filter(|(a, b)| a == b).count()
    };
    assert_eq!(alike(|i| i < 101), 20);
    let late = alike(|i| i >= 101);
    assert!(late < 15, "{late}");
}
