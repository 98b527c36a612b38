//! Properties of every proposal of every sampler for arbitrary histories.
#![allow(clippy::unwrap_used)]

use automl_evolution::{
    CmaEsConfig, CmaEsSampler, Nsga2Config, Nsga2Sampler, PolicyGradientConfig,
    PolicyGradientSampler, RegularizedEvolutionConfig, RegularizedEvolutionSampler,
};
use automl_numeric::stream;
use automl_space::{Config, Constraint, Prior, Space, SpaceError};
use automl_study::part::{SamplerConfig, Supports};
use automl_study::{Direction, History, Report, Sampler, State, Study, Trial, View};
use proptest::prelude::*;

/// A sampler under test: a maker of fresh ones, and the studies that it supports.
type Case = (fn() -> Box<dyn Sampler>, Supports);

/// The samplers, with short start-up designs. The laws hold for each row.
const SAMPLERS: &[Case] = &[
    (
        || Box::new(CmaEsSampler::new(CmaEsConfig { startup: 4, ..Default::default() })),
        CmaEsConfig::SUPPORTS,
    ),
    (
        || {
            let config = CmaEsConfig { startup: 3, max_full_dimensions: 1, ..Default::default() };
            Box::new(CmaEsSampler::new(config))
        },
        CmaEsConfig::SUPPORTS,
    ),
    (
        || Box::new(Nsga2Sampler::new(Nsga2Config { population: 6, ..Default::default() })),
        Nsga2Config::SUPPORTS,
    ),
    (
        || {
            let config =
                RegularizedEvolutionConfig { population: 5, tournament: 3, ..Default::default() };
            Box::new(RegularizedEvolutionSampler::new(config))
        },
        RegularizedEvolutionConfig::SUPPORTS,
    ),
    (
        || {
            let config = PolicyGradientConfig { startup: 3, ..Default::default() };
            Box::new(PolicyGradientSampler::new(config))
        },
        PolicyGradientConfig::SUPPORTS,
    ),
];

fn fresh(which: usize) -> Box<dyn Sampler> {
    SAMPLERS[which].0()
}

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

fn propose(sampler: &mut Box<dyn Sampler>, space: &Space, history: &History) -> Config {
    let view = view(space, history);
    sampler.propose(&view, &mut stream(3, view.number.0, "propose")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The law of samplers: a fresh sampler proposes the same, also from a history that was read back,
    /// and so does a prepared one.
    #[test]
    fn a_fresh_sampler_proposes_the_same(
        events in proptest::collection::vec((event(), 0usize..6), 1..80),
        space in 0usize..3,
        which in 0..SAMPLERS.len(),
        several: bool,
    ) {
        let space = &spaces().unwrap()[space];
        let several = several && SAMPLERS[which].1.several_objectives;
        let directions = vec![Direction::Minimize; if several { 2 } else { 1 }];
        let mut history = History::new(directions.clone());
        let mut sampler = fresh(which);
        for (event, back) in events {
            if back % 2 == 0 {
                sampler.prepare(&view(space, &history));
            }
            let config = propose(&mut sampler, space, &history);
            prop_assert!(space.check(&config).is_ok(), "{config:?}");
            prop_assert!(space.allows(&config), "{config:?}");
            let mut replayed = History::new(directions.clone());
            for trial in history.trials() {
                replayed.push(trial.clone()).unwrap();
            }
            prop_assert_eq!(&config, &propose(&mut fresh(which), space, &replayed));
            // A sampler used for another study before.
            let mut other = fresh(which);
            propose(&mut other, space, &elsewhere(space, &directions));
            prop_assert_eq!(&config, &propose(&mut other, space, &history));
            let number = history.next_id();
            let mut trial = Trial::waiting(number, config);
            trial.state = State::Running;
            history.push(trial).unwrap();
            happen(&mut history, number.0.saturating_sub(back as u64), &event);
        }
    }

    /// Proposals depend on the order of the losses and on the direction only.
    #[test]
    fn increasing_transforms_change_nothing(
        seed in 0u64..1000,
        space in 0usize..3,
        which in 0..SAMPLERS.len(),
    ) {
        let space = &spaces().unwrap()[space];
        let run = |direction: Direction, transform: fn(f64) -> f64| {
            let mut study = Study::builder(space.clone())
                .seed(seed)
                .direction(direction)
                .sampler(fresh(which))
                .build()
                .unwrap();
            for _ in 0..40 {
                let asked = study.ask().unwrap();
                let sum: f64 = asked.config.values().flatten().map(|v| v.as_f64().sin()).sum();
                study.tell(asked.number, transform((sum * 50.0).round())).unwrap();
            }
            study.history().trials().iter().map(|t| t.config.clone()).collect::<Vec<_>>()
        };
        let plain = run(Direction::Minimize, |y| y);
        prop_assert_eq!(&plain, &run(Direction::Minimize, f64::exp));
        prop_assert_eq!(&plain, &run(Direction::Minimize, |y| y.powi(3) * 1e200 - 7.0));
        prop_assert_eq!(&plain, &run(Direction::Maximize, |y| -y));
    }

    /// A finite space is exhausted before a repetition, also by parallel workers.
    #[test]
    fn nothing_is_repeated_while_another_point_is_left(
        seed: u64,
        running in 1usize..10,
        which in 0..SAMPLERS.len(),
    ) {
        let space = &spaces().unwrap()[1];
        let mut study =
            Study::builder(space.clone()).seed(seed).sampler(fresh(which)).build().unwrap();
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
    for number in 0..20 {
        let mut trial = Trial::waiting(number, space.sample(&mut rng));
        trial.state = State::Complete;
        trial.values = vec![number as f64; directions.len()];
        history.push(trial).unwrap();
    }
    history
}

/// Asserts that studies of every sampler run to their end with valid configurations.
fn survives(space: &Space, trials: u64, loss: impl Fn(&Config) -> f64) {
    for (sampler, _) in SAMPLERS {
        let mut study = Study::builder(space.clone()).seed(1).sampler(sampler()).build().unwrap();
        study.optimize(trials, &loss).unwrap();
        assert_eq!(study.history().len() as u64, trials);
        assert!(study.history().trials().iter().all(|t| space.check(&t.config).is_ok()));
    }
}

#[test]
fn extremes_neither_panic_nor_loop() {
    for space in spaces().unwrap() {
        for odd in [0.0, 1e300, -1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            survives(&space, 60, |_| odd);
        }
    }
    let mut point = Space::builder();
    point.choice("only", ["this"]).add().unwrap();
    point.int("n", 3..=3).add().unwrap();
    survives(&point.build().unwrap(), 30, |_| 1.0);
    let mut many = Space::builder();
    let names: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let key = many.choice("c", names).add().unwrap();
    survives(&many.build().unwrap(), 60, |config| (config[key] as f64 - 500.0).abs());
    let mut wide = Space::builder();
    for i in 0..300 {
        wide.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
    }
    survives(&wide.build().unwrap(), 60, |config| {
        config.values().flatten().map(|v| v.as_f64()).sum()
    });
}
