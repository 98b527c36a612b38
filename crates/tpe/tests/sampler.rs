//! Quality of the proposals on conditional spaces, fronts and warm starts.
#![allow(clippy::unwrap_used)]

use automl_numeric::{pareto, stream};
use automl_space::{Config, Space};
use automl_study::{Direction, History, Ladder, Sampler, State, Study, Trial, TrialId, View};
use automl_tpe::TpeSampler;

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

/// Another program may set the parameters of its running trial one by one, which invalidates what the
/// sampler has kept of the trial.
#[test]
fn a_changed_trial_is_seen_as_it_is() {
    let space = mixed();
    let mut history = History::new(vec![Direction::Minimize]);
    let draw = |number| space.sample(&mut stream(number, 0, "test"));
    for number in 0..30 {
        let mut trial = Trial::waiting(number, draw(number));
        trial.state = if number == 7 { State::Running } else { State::Complete };
        trial.values = vec![number as f64; usize::from(number != 7)];
        history.push(trial).unwrap();
    }
    let propose = |sampler: &mut TpeSampler, history: &History| -> Config {
        let (number, seed) = (history.len() as u64, 3);
        let (planned_trials, ladder, target) = (None, None, None);
        let view = View {
            space: &space,
            history,
            number: TrialId(number),
            seed,
            planned_trials,
            ladder,
            target,
        };
        sampler.propose(&view, &mut stream(seed, number, "propose")).unwrap()
    };
    let mut kept = TpeSampler::default();
    propose(&mut kept, &history);
    // Still running, somewhere else.
    let moved = Trial { config: draw(77), ..history.get(7).unwrap().clone() };
    history.update(moved).unwrap();
    let before = propose(&mut kept, &history);
    assert_eq!(before, propose(&mut TpeSampler::default(), &history));
    // As good as the best, somewhere else.
    let mut changed = history.get(7).unwrap().clone();
    (changed.config, changed.state, changed.values) = (draw(99), State::Complete, vec![-1.0]);
    history.update(changed).unwrap();
    let after = propose(&mut kept, &history);
    assert_eq!(after, propose(&mut TpeSampler::default(), &history));
    assert_ne!(after, before);
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

/// Two objectives: the hypervolume is larger than that of random search.
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

/// Known trials replace the start-up design.
#[test]
fn known_trials_are_a_warm_start() {
    let space = mixed();
    let loss = |c: &Config| c.values().flatten().map(|v| (v.as_f64() - 0.5).powi(2)).sum::<f64>();
    let mean = |known: usize| -> f64 {
        let mut sum = 0.0;
        for seed in 0..20 {
            let mut study = study(&space, seed, 1);
            let mut rng = automl_numeric::stream(seed, 0, "known");
            for _ in 0..known {
                let config = space.sample(&mut rng);
                let loss = loss(&config);
                study.add_trial(config, loss).unwrap();
            }
            study.optimize(10, loss).unwrap();
            sum += study.history().trials()[known..].iter().map(|t| t.values[0]).sum::<f64>();
        }
        sum
    };
    assert!(mean(60) < 0.5 * mean(0));
}
