//! What the sampler promises.
#![allow(clippy::unwrap_used)]

use automl_space::{Config, Space};
use automl_study::{Direction, Ladder, Outcome, State, Study, View, stream};
use automl_study::{Sampler, pareto};
use automl_tpe::TpeSampler;
use proptest::prelude::*;

fn mixed() -> Space {
    let mut builder = Space::builder();
    builder.float("x", -1.0..=1.0).add().unwrap();
    builder.float("lr", 1e-5..=1.0).log().add().unwrap();
    let kind = builder.choice("kind", ["a", "b", "c"]).add().unwrap();
    builder.int("n", 1..=50).log().when(kind, ["b", "c"]).add().unwrap();
    builder.float("grid", 0.0..=1.0).step(0.25).when(kind, "c").add().unwrap();
    builder.ordinal("size", [1, 2, 4, 8]).add().unwrap();
    builder.build().unwrap()
}

fn study(space: &Space, seed: u64, objectives: usize) -> Study {
    Study::builder(space.clone())
        .directions(vec![Direction::Minimize; objectives])
        .seed(seed)
        .ladder(Ladder::new("epoch", 1, 9, true).unwrap())
        .sampler(TpeSampler::default())
        .build()
        .unwrap()
}

fn loss(config: &Config) -> f64 {
    config.values().flatten().enumerate().map(|(i, v)| (v.as_f64() - 0.3 * i as f64).powi(2)).sum()
}

fn proposal(study: &Study) -> Config {
    let number = study.history().len() as u64;
    let view = View {
        space: study.space(),
        history: study.history(),
        number,
        seed: study.seed(),
        budget: None,
        ladder: study.ladder(),
        target: None,
    };
    let mut rng = stream(study.seed(), number, "propose");
    TpeSampler::default().propose(&view, &mut rng).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A fresh sampler on the same trials proposes what the one that saw them come proposes,
    /// in whatever order they finished, with whatever states; and proposals lie in the space.
    #[test]
    fn proposals_are_a_function_of_the_trials(
        seed in any::<u64>(),
        objectives in 1usize..3,
        actions in proptest::collection::vec((0u8..8, 0usize..9), 40..90),
    ) {
        let space = mixed();
        let mut study = study(&space, seed, objectives);
        for (i, (action, pick)) in actions.into_iter().enumerate() {
            let running: Vec<u64> =
                study.history().in_state(State::Running).map(|t| t.number).collect();
            let chosen = running.get(pick % running.len().max(1)).copied();
            let values = |n: u64, study: &Study| {
                let trial = study.history().get(n).unwrap();
                (0..objectives).map(|j| (loss(&trial.config) * 8.0).round() + (i * j % 5) as f64).collect::<Vec<_>>()
            };
            match (action, chosen) {
                (3 | 4, Some(n)) => {
                    let values = values(n, &study);
                    study.tell(n, values).unwrap();
                }
                (5, Some(n)) => study.tell(n, Outcome::failed("test")).unwrap(),
                (6, Some(n)) => {
                    let step = study.history().get(n).unwrap().step() + 1;
                    let values = values(n, &study);
                    study.report(n, step, values).unwrap();
                }
                (7, Some(n)) => study.tell(n, Outcome::Pruned).unwrap(),
                _ => {
                    let expected = proposal(&study);
                    let asked = study.ask().unwrap();
                    prop_assert_eq!(&asked.config, &expected);
                    prop_assert!(space.check(&asked.config).is_ok());
                }
            }
        }
    }

    /// Only the order of the values matters.
    #[test]
    fn increasing_transforms_change_nothing(seed in any::<u64>(), power in 1u32..4) {
        let configs = |transform: &dyn Fn(f64) -> f64| {
            let mut study = study(&mixed(), seed, 1);
            study.optimize(40, |config| transform(loss(config))).unwrap();
            study.history().trials().iter().map(|t| t.config.clone()).collect::<Vec<_>>()
        };
        let odd = |x: f64| x.powi(2 * power as i32 + 1) * 1e3 - 7.0;
        prop_assert_eq!(configs(&|x| x), configs(&odd));
    }
}

#[test]
fn strange_values_and_spaces_neither_panic_nor_loop() {
    let values = [1e300, -1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0];
    for constant in [None, Some(1.0), Some(f64::NAN)] {
        let mut study = study(&mixed(), 1, 1);
        let mut i = 0;
        study
            .optimize(60, |_| {
                i += 1;
                constant.unwrap_or(values[i % values.len()])
            })
            .unwrap();
    }
    let mut point = Space::builder();
    point.float("x", 2.0..=2.0).add().unwrap();
    point.choice("c", ["only"]).add().unwrap();
    let mut many = Space::builder();
    many.choice("c", (0..1000i64).collect::<Vec<_>>()).add().unwrap();
    let mut high = Space::builder();
    for i in 0..300 {
        high.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
    }
    let mut huge = Space::builder();
    huge.int("n", i64::MIN..=i64::MAX).add().unwrap();
    for builder in [point, many, high, huge] {
        let mut study = study(&builder.build().unwrap(), 0, 1);
        study.optimize(40, loss).unwrap();
    }
}

#[test]
fn nothing_is_proposed_twice_while_something_is_left() {
    let mut builder = Space::builder();
    builder.int("a", 0..=4).add().unwrap();
    builder.choice("b", ["x", "y", "z"]).add().unwrap();
    let space = builder.build().unwrap();
    let mut study = study(&space, 3, 1);
    study.optimize(15, loss).unwrap();
    assert_eq!(study.history().distinct(), 15);
}

#[test]
fn several_workers_do_not_try_the_same() {
    let mut study = study(&mixed(), 4, 1);
    study.optimize(30, loss).unwrap();
    let open: Vec<Config> = (0..12).map(|_| study.ask().unwrap().config).collect();
    for (i, config) in open.iter().enumerate() {
        assert!(!open[..i].contains(config));
    }
}

#[test]
fn good_regions_are_found_on_conditional_spaces() {
    let (space, objective) = {
        let mut builder = Space::builder();
        let kind = builder.choice("kind", ["flat", "deep"]).add().unwrap();
        let x = builder.float("x", 0.0..=1.0).when(kind, "deep").add().unwrap();
        let y = builder.float("y", 0.0..=1.0).when(kind, "deep").add().unwrap();
        let objective = move |c: &Config| match (c.get(x), c.get(y)) {
            (Some(x), Some(y)) => (x - 0.7).powi(2) + (y - 0.2).powi(2),
            _ => 0.3,
        };
        (builder.build().unwrap(), objective)
    };
    let mut losses: Vec<f64> = (0..9)
        .map(|seed| {
            let mut study = study(&space, seed, 1);
            study.optimize(80, objective).unwrap();
            study.best().unwrap().values[0]
        })
        .collect();
    losses.sort_by(f64::total_cmp);
    assert!(losses[4] < 2e-3, "{losses:?}");
}

/// Two objectives: more of the front's volume than random search finds.
#[test]
fn fronts_are_better_than_random() {
    let space = mixed();
    let objectives = |c: &Config| {
        let x = c.value(0).unwrap().as_f64();
        let rest: f64 = c.values().skip(1).flatten().map(|v| v.as_f64()).sum();
        [x.powi(2) + 0.01 * rest, (x - 0.5).powi(2) + 0.01 * rest]
    };
    let volume = |random: bool| -> f64 {
        (0..5)
            .map(|seed| {
                let mut study = study(&space, seed, 2);
                if random {
                    study = Study::builder(space.clone())
                        .directions([Direction::Minimize, Direction::Minimize])
                        .seed(seed)
                        .sampler(automl_study::RandomSampler::uniform())
                        .build()
                        .unwrap();
                }
                study.optimize(60, objectives).unwrap();
                let points: Vec<&[f64]> =
                    study.history().trials().iter().map(|t| t.values.as_slice()).collect();
                pareto::hypervolume(&points, &[2.0, 2.0])
            })
            .sum()
    };
    assert!(volume(false) > volume(true));
}
