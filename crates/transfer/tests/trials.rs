//! Which trials of an earlier study count, and as what; which configurations are tried first.
#![allow(clippy::unwrap_used)]

use automl_space::{Config, Key, Space};
use automl_study::{Direction, History, Source, SourceTrial, State, Trial};
use automl_transfer::{Renames, WarmStart, portfolio};

fn line() -> (Space, Key<f64>) {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    (builder.build().unwrap(), x)
}

fn complete(number: u64, config: Config, value: f64) -> Trial {
    Trial { state: State::Complete, values: vec![value], ..Trial::waiting(number, config) }
}

/// The source that a history becomes.
fn source(space: &Space, history: &History) -> Source {
    let mut warm_start = WarmStart::new(space, history.directions());
    warm_start.add_history("old", space, history, &Renames::default()).unwrap();
    warm_start.studies()[0].clone()
}

/// Violated constraints stay violated; what failed, waits, has no finite value or was set aside is left
/// out.
#[test]
fn results_count_and_nothing_else() {
    let (space, x) = line();
    let mut history = History::new(vec![Direction::Minimize]);
    let at = |number: u64| space.decode(&[0.1 * number as f64]);
    for number in 0..8 {
        let mut trial = complete(number, at(number), number as f64);
        match number {
            1 => trial.constraints = vec![0.5, -3.0, 0.25],
            2 => trial.state = State::Failed,
            3 => trial = Trial::waiting(number, at(number)),
            4 => trial.values = vec![f64::INFINITY],
            5 => trial.values = vec![f64::NAN],
            6 => trial = trial.set_aside("made up"),
            _ => {}
        }
        history.push(trial).unwrap();
    }
    let found: Vec<(f64, f64, f64)> = source(&space, &history)
        .trials
        .iter()
        .map(|trial| ((10.0 * trial.config[x]).round(), trial.losses[0], trial.violation))
        .collect();
    assert_eq!(found, [(0.0, 0.0, 0.0), (1.0, 1.0, 0.75), (7.0, 7.0, 0.0)]);
}

/// Of 900 trials 300 stay: the best hundred, and every fourth of the others by rank; feasible before
/// infeasible ones, in the order of their numbers.
#[test]
fn of_many_trials_the_best_and_a_spread_of_the_others_stay() {
    let (space, x) = line();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..900_u64 {
        let rank = number * 7 % 900;
        let mut trial = complete(number, space.decode(&[rank as f64 / 900.0]), rank as f64);
        // The hundred best losses violate a constraint.
        trial.constraints = vec![if rank < 100 { 1.0 } else { -1.0 }];
        history.push(trial).unwrap();
    }
    let trials = source(&space, &history).trials;
    assert_eq!(trials.len(), 300);
    let mut ranks: Vec<u64> = trials.iter().map(|trial| trial.losses[0] as u64).collect();
    let in_order: Vec<u64> =
        (0..900).map(|number| number * 7 % 900).filter(|rank| ranks.contains(rank)).collect();
    assert_eq!(ranks, in_order);
    ranks.sort_unstable();
    // Ranks 100 to 199 are the best feasible ones.
    let spread: Vec<u64> = (200..900).chain(0..100).step_by(4).collect();
    let mut expected: Vec<u64> = (100..200).chain(spread).collect();
    expected.sort_unstable();
    assert_eq!(ranks, expected);
    assert!(trials.iter().all(|t| (t.violation > 0.0) == (t.config[x] < 0.111)));
}

fn bowl(space: &Space, optimum: f64, violated: impl Fn(f64) -> bool) -> Source {
    let trial = |i: i32| {
        let x = (f64::from(i) + 0.5) / 24.0;
        let violation = if violated(x) { 1.0 } else { 0.0 };
        let losses = vec![(x - optimum).powi(2)];
        SourceTrial { config: space.decode(&[x]), losses, violation, complete: true }
    };
    let trials = (0..24).map(trial).collect();
    Source { name: format!("at {optimum}"), known: vec![true], trials }
}

/// One configuration for each source and at most four, all different, although the sources agree.
#[test]
fn a_portfolio_has_four_different_configurations_at_most() {
    let (space, x) = line();
    for count in 1..7 {
        let sources: Vec<Source> =
            (0..count).map(|i| bowl(&space, 0.5 + 1e-3 * f64::from(i), |_| false)).collect();
        let first = portfolio(&space, &sources, 1);
        assert_eq!(first.len(), (count as usize).min(4));
        for (i, config) in first.iter().enumerate() {
            assert!((config[x] - 0.5).abs() < 0.2 && !first[..i].contains(config), "{first:?}");
        }
    }
}

/// What violated a constraint of the source, or what the new space forbids, is not tried first.
#[test]
fn a_portfolio_keeps_constraints() {
    let (space, x) = line();
    let violating = bowl(&space, 0.3, |x| x < 0.5);
    let first = portfolio(&space, std::slice::from_ref(&violating), 1);
    assert!(first.len() == 1 && (0.5..0.65).contains(&first[0][x]), "{first:?}");
    // Four sources with two feasible configurations have no third.
    let few: Vec<Source> = (0..4).map(|_| bowl(&space, 0.3, |x| (x - 0.5).abs() > 0.03)).collect();
    assert_eq!(portfolio(&space, &few, 1).len(), 2);
    let mut builder = space.extended();
    builder.require("x >= 0.7").unwrap();
    let narrow = builder.build().unwrap();
    let first = portfolio(&narrow, &[bowl(&narrow, 0.3, |_| false)], 1);
    assert!(first.iter().all(|config| config[x] >= 0.7), "{first:?}");
}

/// A source with two trials, or with equal losses everywhere, has no first configuration.
#[test]
fn a_source_that_tells_nothing_leads_nowhere() {
    let (space, _) = line();
    let mut short = bowl(&space, 0.3, |_| false);
    short.trials.truncate(2);
    let mut flat = bowl(&space, 0.3, |_| false);
    flat.trials.iter_mut().for_each(|trial| trial.losses = vec![1.0]);
    assert!(portfolio(&space, &[short, flat], 1).is_empty());
}
