//! Properties of every proposal for arbitrary histories.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Constraint, Prior, Space, SpaceError};
use automl_study::{Direction, History, Report, Sampler, State, Study, Trial, View};
use automl_tpe::{TpeConfig, TpeSampler};
use proptest::prelude::*;

fn spaces() -> Result<Vec<Space>, SpaceError> {
    let mut mixed = Space::builder();
    let kind = mixed.choice("kind", ["a", "b", "c"]).add()?;
    mixed.float("rate", 1e-4..=1.0).log().prior(Prior::Normal { mean: -4.0, sd: 1.0 }).add()?;
    mixed.float("x", 0.0..=1.0).when(kind, "a").add()?;
    let n = mixed.int("n", 1..=9).when(kind, "b").add()?;
    mixed.float("y", 0.0..=2.0).step(0.25).when_between(n, 3.0, 6.0).add()?;
    let mut finite = Space::builder();
    finite.int("i", 0..=3).add()?;
    finite.ordinal("o", [1, 2, 4, 8]).add()?;
    finite.choice("c", ["p", "q", "r"]).add()?;
    let mut cube = Space::builder();
    for i in 0..3 {
        cube.float(&format!("x{i}"), -1.0..=1.0).add()?;
    }
    cube.constraint(Constraint::custom("half", |_, config| {
        config.values().take(2).flatten().map(|v| v.as_f64()).sum::<f64>() - 0.5
    }));
    Ok(vec![mixed.build()?, finite.build()?, cube.build()?])
}

/// An event of a trial.
#[derive(Clone, Debug)]
enum Event {
    Complete(f64, f64, f64),
    Report(f64),
    Prune,
    Pause,
    Fail,
    /// The trial continues to run.
    Nothing,
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => -5.0f64..5.0,
        1 => Just(0.0),
        1 => Just(1e300),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::NAN),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (value(), value(), -1.0f64..1.0).prop_map(|(a, b, c)| Event::Complete(a, b, c)),
        2 => value().prop_map(Event::Report),
        1 => Just(Event::Prune),
        1 => Just(Event::Pause),
        1 => Just(Event::Fail),
        1 => Just(Event::Nothing),
    ]
}

/// Applies an event to a trial that has not finished.
fn happen(history: &mut History, number: u64, event: &Event) {
    let several = history.directions().len() > 1;
    let vector = |a: f64, b: f64| if several { vec![a, b] } else { vec![a] };
    let trial = history.get(number).unwrap();
    if trial.state.is_finished() {
        return;
    }
    let step = trial.fidelity();
    match event {
        Event::Complete(a, b, c) => history.set_state(number, State::Complete, |trial| {
            trial.values = vector(*a, *b);
            trial.constraints = vec![*c];
        }),
        Event::Report(a) => {
            history.report(number, Report { fidelity: step + 1, values: vector(*a, -*a) })
        }
        Event::Prune => history.set_state(number, State::Pruned, |_| {}),
        Event::Pause => history.set_state(number, State::Paused, |_| {}),
        Event::Fail => history.set_state(number, State::Failed, |_| {}),
        Event::Nothing => Ok(()),
    }
    .unwrap();
}

fn view<'a>(space: &'a Space, history: &'a History) -> View<'a> {
    let number = history.next_id();
    View { space, history, number, seed: 3, planned_trials: None, ladder: None, target: None }
}

fn propose(sampler: &mut TpeSampler, space: &Space, history: &History) -> Config {
    let view = view(space, history);
    sampler.propose(&view, &mut stream(3, view.number.0, "propose")).unwrap()
}

fn fresh() -> TpeSampler {
    TpeSampler::new(TpeConfig { startup: 4, ..TpeConfig::default() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The law of samplers: a fresh sampler proposes the same, also from a history that was read back,
    /// and so does a prepared one.
    #[test]
    fn a_fresh_sampler_proposes_the_same(
        events in proptest::collection::vec((event(), 0usize..6), 1..60),
        space in 0usize..3,
        several: bool,
    ) {
        let space = &spaces().unwrap()[space];
        let directions = vec![Direction::Minimize; if several { 2 } else { 1 }];
        let mut history = History::new(directions.clone());
        let mut sampler = fresh();
        for (event, back) in events {
            if back % 2 == 0 {
                sampler.prepare(&view(space, &history));
            }
            let config = propose(&mut sampler, space, &history);
            prop_assert!(space.check(&config).is_ok(), "{config:?}");
            prop_assert!(space.allows(&config), "{config:?}");
            prop_assert_eq!(&config, &propose(&mut fresh(), space, &history));
            let mut replayed = History::new(directions.clone());
            for trial in history.trials() {
                replayed.push(trial.clone()).unwrap();
            }
            prop_assert_eq!(&config, &propose(&mut fresh(), space, &replayed));
            // A sampler used for another study before.
            let mut other = fresh();
            propose(&mut other, space, &elsewhere(space, &directions));
            prop_assert_eq!(&config, &propose(&mut other, space, &history));
            let number = history.next_id();
            let mut trial = Trial::waiting(number, config);
            trial.state = State::Running;
            history.push(trial).unwrap();
            happen(&mut history, number.0.saturating_sub(back as u64), &event);
        }
    }

    /// Proposals depend on the order of the losses only.
    #[test]
    fn increasing_transforms_change_nothing(seed in 0u64..1000, space in 0usize..3) {
        let space = &spaces().unwrap()[space];
        let run = |transform: fn(f64) -> f64| {
            let mut study =
                Study::builder(space.clone()).seed(seed).sampler(TpeSampler::default()).build().unwrap();
            for _ in 0..40 {
                let asked = study.ask().unwrap();
                let sum: f64 = asked.config.values().flatten().map(|v| v.as_f64().sin()).sum();
                study.tell(asked.number, transform((sum * 50.0).round())).unwrap();
            }
            study.history().trials().iter().map(|t| t.config.clone()).collect::<Vec<_>>()
        };
        let plain = run(|y| y);
        prop_assert_eq!(&plain, &run(f64::exp));
        prop_assert_eq!(&plain, &run(|y| y.powi(3) * 1e200 - 7.0));
    }

    /// A finite space is exhausted before a repetition, also by parallel workers.
    #[test]
    fn nothing_is_repeated_while_another_point_is_left(seed: u64, running in 1usize..10) {
        let space = &spaces().unwrap()[1];
        let mut study =
            Study::builder(space.clone()).seed(seed).sampler(TpeSampler::default()).build().unwrap();
        let mut open = std::collections::VecDeque::new();
        for _ in 0..48 {
            let asked = study.ask().unwrap();
            prop_assert_eq!(study.history().distinct(), study.history().len());
            open.push_back((asked.number, asked.config.value(0).unwrap().as_f64()));
            if open.len() >= running
                && let Some((number, loss)) = open.pop_front()
            {
                study.tell(number, loss).unwrap();
            }
        }
        prop_assert!(study.ask().is_ok());
    }
}

/// A history of other trials over the same space.
fn elsewhere(space: &Space, directions: &[Direction]) -> History {
    let mut history = History::new(directions.to_vec());
    let mut rng = stream(77, 0, "elsewhere");
    for number in 0..8 {
        let mut trial = Trial::waiting(number, space.sample(&mut rng));
        trial.state = State::Complete;
        trial.values = vec![number as f64; directions.len()];
        history.push(trial).unwrap();
    }
    history
}

/// Asserts that a study runs to its end with valid configurations.
fn survives(space: Space, trials: u64, loss: impl FnMut(&Config) -> f64) {
    let mut study =
        Study::builder(space.clone()).seed(1).sampler(TpeSampler::default()).build().unwrap();
    study.optimize(trials, loss).unwrap();
    assert_eq!(study.history().len() as u64, trials);
    assert!(study.history().trials().iter().all(|t| space.check(&t.config).is_ok()));
}

#[test]
fn extremes_neither_panic_nor_loop() {
    for space in spaces().unwrap() {
        for odd in [0.0, 1e300, -1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            survives(space.clone(), 40, |_| odd);
        }
    }
    let mut point = Space::builder();
    point.choice("only", ["this"]).add().unwrap();
    point.int("n", 3..=3).add().unwrap();
    survives(point.build().unwrap(), 30, |_| 1.0);
    let mut many = Space::builder();
    let names: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let key = many.choice("c", names).add().unwrap();
    survives(many.build().unwrap(), 60, |config| (config[key] as f64 - 500.0).abs());
    let mut wide = Space::builder();
    for i in 0..300 {
        wide.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
    }
    survives(wide.build().unwrap(), 40, |config| {
        config.values().flatten().map(|v| v.as_f64()).sum()
    });
}

#[test]
fn a_constraint_that_is_measured_is_learnt() {
    let mut space = Space::builder();
    let x = space.float("x", 0.0..=1.0).add().unwrap();
    let y = space.float("y", 0.0..=1.0).add().unwrap();
    let mut study = Study::builder(space.build().unwrap())
        .seed(4)
        .sampler(TpeSampler::default())
        .build()
        .unwrap();
    for _ in 0..80 {
        let asked = study.ask().unwrap();
        let (x, y) = (asked.config[x], asked.config[y]);
        // The unconstrained optimum (1, 1) is infeasible; the feasible one is at x + y = 1.
        let outcome = automl_study::Outcome::Complete {
            values: vec![(1.0 - x).powi(2) + (1.0 - y).powi(2)],
            constraints: vec![x + y - 1.0],
        };
        study.tell(asked.number, outcome).unwrap();
    }
    let best = study.best().unwrap();
    assert!(best.is_feasible() && best.values[0] < 0.55, "{best:?}");
}

#[test]
fn a_users_prior_leads_at_first_and_fades() {
    // The prior is around 0.2, the optimum at 0.8.
    let mut space = Space::builder();
    let prior = Prior::Normal { mean: 0.2, sd: 0.05 };
    let x = space.float("x", 0.0..=1.0).prior(prior).add().unwrap();
    let mut study = Study::builder(space.build().unwrap())
        .seed(2)
        .sampler(TpeSampler::default())
        .build()
        .unwrap();
    study.optimize(150, |config| (config[x] - 0.8).powi(2)).unwrap();
    let early = study.history().trials()[..10].iter().filter(|t| (t.config[x] - 0.2).abs() < 0.2);
    assert!(early.count() >= 8);
    assert!(study.best().unwrap().values[0] < 1e-3);
}
