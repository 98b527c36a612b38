//! How the trials of earlier studies are mapped to a new space.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automl_space::{Choice, Config, Space};
use automl_study::{Direction, History, Ladder, Outcome, Sources, State, Study, Trial};
use automl_transfer::{Renames, TransferError, WarmStart};
use proptest::prelude::*;

fn history(space: &Space, points: &[&[(&str, Choice)]]) -> History {
    let mut history = History::new(vec![Direction::Maximize]);
    for (number, point) in points.iter().enumerate() {
        let config = space.config(point.iter().cloned()).unwrap();
        let values = vec![number as f64];
        let trial =
            Trial { state: State::Complete, values, ..Trial::waiting(number as u64, config) };
        history.push(trial).unwrap();
    }
    history
}

fn warm(
    space: &Space,
    old: &Space,
    history: &History,
    renames: &Renames,
) -> Result<Sources, TransferError> {
    let mut warm_start = WarmStart::new(space, history.directions());
    warm_start.add_history("old", old, history, renames)?;
    Ok(warm_start.sources())
}

#[test]
fn numbers_are_clipped_and_what_is_gone_counts_as_missing() {
    let mut builder = Space::builder();
    builder.float("rate", 1e-5..=1.0).log().add().unwrap();
    builder.int("gone", 0..=9).add().unwrap();
    builder.choice("kind", ["a", "b", "c"]).add().unwrap();
    let old = builder.build().unwrap();
    let mut builder = Space::builder();
    let rate = builder.float("rate", 1e-3..=1e-1).log().add().unwrap();
    let new = builder.int("new", 0..=8).add().unwrap();
    let kind = builder.choice("kind", ["b", "a"]).add().unwrap();
    let space = builder.build().unwrap();
    let point = |rate: f64, kind: &str| {
        vec![("rate", rate.into()), ("gone", 3.into()), ("kind", Choice::from(kind))]
    };
    let points = [point(1.0, "a"), point(1e-5, "c"), point(1e-2, "b")];
    let points: Vec<&[(&str, Choice)]> = points.iter().map(Vec::as_slice).collect();
    let sources = warm(&space, &old, &history(&old, &points), &Renames::default()).unwrap();
    let source = &sources.studies()[0];
    assert_eq!(source.known, [true, false, true]);
    let configs: Vec<&Config> = source.trials.iter().map(|trial| &trial.config).collect();
    assert_eq!(configs.iter().map(|c| c[rate]).collect::<Vec<_>>(), [1e-1, 1e-3, 1e-2]);
    assert!(configs.iter().all(|c| c[new] == 4), "the default of a new parameter");
    assert_eq!(configs.iter().map(|c| c[kind]).collect::<Vec<_>>(), [1, 0, 0]);
    // Larger is better, so losses are negated.
    assert_eq!(source.trials[2].losses, [-2.0]);
}

#[test]
fn parameters_and_choices_are_renamed() {
    let mut builder = Space::builder();
    builder.choice("opt", ["sgd", "adam"]).add().unwrap();
    let old = builder.build().unwrap();
    let mut builder = Space::builder();
    let optimizer = builder.choice("optimizer", ["adamw", "momentum"]).add().unwrap();
    let space = builder.build().unwrap();
    let points: [&[(&str, Choice)]; 2] = [&[("opt", "sgd".into())], &[("opt", "adam".into())]];
    let history = history(&old, &points);
    let error = warm(&space, &old, &history, &Renames::default()).unwrap_err().to_string();
    assert!(error.contains("\"old\"") && error.contains("opt") && error.contains("optimizer"));
    let renames =
        Renames::parse(["opt=optimizer", "optimizer:sgd=momentum", "optimizer:adam=adamw"]);
    let sources = warm(&space, &old, &history, &renames.unwrap()).unwrap();
    let found: Vec<usize> =
        sources.studies()[0].trials.iter().map(|trial| trial.config[optimizer]).collect();
    assert_eq!(found, [1, 0]);
    for (text, part) in [("opt=optimiser", "\"optimiser\""), ("optimizer:sgd=rprop", "rprop")] {
        let renames = Renames::parse([text]).unwrap();
        let error = warm(&space, &old, &history, &renames).unwrap_err().to_string();
        assert!(error.contains(text) && error.contains(part), "{error}");
    }
}

#[test]
fn low_fidelities_and_failures_are_told_apart() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let mut study = Study::builder(space.clone()).ladder(ladder).build().unwrap();
    for (fidelity, outcome) in [(1, Outcome::Pruned), (9, 0.5.into()), (3, Outcome::failed("x"))] {
        let trial = study.ask().unwrap();
        study.report(trial.number, fidelity, vec![0.1 * trial.config[x]]).unwrap();
        study.tell(trial.number, outcome).unwrap();
    }
    let sources = warm(&space, &space, study.history(), &Renames::default()).unwrap();
    let complete: Vec<bool> = sources.studies()[0].trials.iter().map(|t| t.complete).collect();
    assert_eq!(complete, [false, true]);
}

#[test]
fn other_objectives_are_refused_by_name() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let history = history(&space, &[&[("x", 0.5.into())]]);
    for directions in [vec![Direction::Minimize], vec![Direction::Maximize; 2]] {
        let mut warm_start = WarmStart::new(&space, &directions);
        let error = warm_start.add_history("old", &space, &history, &Renames::default());
        assert!(error.unwrap_err().to_string().contains("maximize"));
    }
}

proptest! {
    /// Whatever the earlier ranges were, every mapped configuration lies in the new space.
    #[test]
    fn mapped_configurations_are_valid(
        low in 0.01..5.0f64, width in 0.1..20.0f64, units in proptest::collection::vec(0.0..1.0f64, 3..12),
    ) {
        let mut builder = Space::builder();
        builder.float("x", low..=low + width).add().unwrap();
        builder.int("n", 1..=40).add().unwrap();
        let old = builder.build().unwrap();
        let mut builder = Space::builder();
        let n = builder.int("n", 2..=16).log().add().unwrap();
        builder.float("x", 1.0..=3.0).step(0.25).when_between(n, 4.0, 9.0).add().unwrap();
        let space = builder.build().unwrap();
        let mut history = History::new(vec![Direction::Minimize]);
        for (number, unit) in units.iter().enumerate() {
            let config = old.decode(&[*unit, 1.0 - unit]);
            let trial = Trial {
                state: State::Complete,
                values: vec![*unit],
                ..Trial::waiting(number as u64, config)
            };
            history.push(trial).unwrap();
        }
        let sources = warm(&space, &old, &history, &Renames::default()).unwrap();
        for trial in &sources.studies()[0].trials {
            prop_assert!(space.check(&trial.config).is_ok());
        }
    }
}
