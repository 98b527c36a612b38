//! What the names of the parts of TPE promise, on histories where the sampler without the part does
//! something else.
//!
//! Each test counts how often one of `N` proposals of independent streams has a property. The
//! comments give the share with and without the part; the bounds lie at least four standard errors,
//! `4 sqrt(p (1 - p) / N)`, from both.
#![allow(clippy::unwrap_used)]

use automl_numeric::{pareto, stream};
use automl_space::{Config, Key, Prior, Space, Value};
use automl_study::{
    Direction, Fidelity, History, Ladder, RandomSampler, Sampler, Source, SourceTrial, Sources,
    State, Study, Trial, View,
};
use automl_tpe::{TpeConfig, TpeSampler};
use rand::RngExt;

/// Proposals of a test; the standard error of a share is at most 3.5 %.
const N: u64 = 200;

fn line() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

fn at(space: &Space, x: f64) -> Config {
    space.decode(&[x])
}

fn push(history: &mut History, config: Config, state: State, value: f64, constraints: &[f64]) {
    let mut trial = Trial::waiting(history.next_id(), config);
    trial.state = state;
    if state == State::Complete {
        trial.values = vec![value; history.directions().len()];
        trial.constraints = constraints.to_vec();
    }
    history.push(trial).unwrap();
}

/// The coordinates of `N` proposals.
fn proposals(
    space: &Space,
    history: &History,
    config: &TpeConfig,
    rungs: Option<(&Ladder, u64)>,
) -> Vec<f64> {
    let propose = |seed: u64| {
        let view = View {
            space,
            history,
            number: history.next_id(),
            seed,
            planned_trials: None,
            ladder: rungs.map(|(ladder, _)| ladder),
            target: rungs.map(|(_, target)| Fidelity(target)),
        };
        let mut sampler = TpeSampler::new(config.clone());
        let config = sampler.propose(&view, &mut stream(seed, 0, "propose")).unwrap();
        config.value(0).map(Value::as_f64).unwrap()
    };
    (0..N).map(propose).collect()
}

fn share(proposals: &[f64], property: impl Fn(f64) -> bool) -> f64 {
    proposals.iter().filter(|x| property(**x)).count() as f64 / proposals.len() as f64
}

/// Most good trials lie at .3, where most bad ones lie as well; the others at .7, alone. The ratio
/// prefers .7 (99 %), the good density .3 (2 %).
#[test]
fn the_ratio_of_densities_decides_and_not_the_good_density() {
    let space = line();
    let mut history = History::new(vec![Direction::Minimize]);
    for i in 0..4 {
        push(&mut history, at(&space, 0.29 + 0.006 * f64::from(i)), State::Complete, 0.0, &[]);
    }
    for i in 0..2 {
        push(&mut history, at(&space, 0.69 + 0.02 * f64::from(i)), State::Complete, 0.5, &[]);
    }
    for i in 0..54 {
        let x = if i < 46 { 0.25 + 0.1 * f64::from(i) / 46.0 } else { 0.12 * f64::from(i - 46) };
        push(&mut history, at(&space, x), State::Complete, 2.0 + f64::from(i), &[]);
    }
    let config = TpeConfig { rank_weights: 0.0, ..TpeConfig::default() };
    let alone = share(&proposals(&space, &history, &config, None), |x| (x - 0.7).abs() < 0.1);
    assert!(alone > 0.8, "{alone}");
}

/// Trials that run without a report at the best place keep others away from there.
#[test]
fn running_trials_count_as_bad() {
    let space = line();
    let near = |pending: u64| {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..40 {
            let x = (f64::from(i) * 0.618).fract();
            push(&mut history, at(&space, x), State::Complete, (x - 0.5).abs(), &[]);
        }
        for i in 0..pending {
            push(&mut history, at(&space, 0.47 + 0.003 * i as f64), State::Running, 0.0, &[]);
        }
        let all = proposals(&space, &history, &TpeConfig::default(), None);
        share(&all, |x| (x - 0.5).abs() < 0.035)
    };
    let (alone, crowded) = (near(0), near(20));
    assert!(alone > 0.4 && crowded < 0.5 * alone, "{alone} {crowded}");
}

/// Below the highest fidelity a third of the proposals is random: of these 80 % lie more than .1
/// from the place where the model proposes.
#[test]
fn a_third_is_random_below_the_highest_fidelity() {
    let space = line();
    let mut history = History::new(vec![Direction::Minimize]);
    for i in 0..60 {
        let x = (f64::from(i) * 0.618).fract();
        push(&mut history, at(&space, x), State::Complete, (x - 0.5).abs(), &[]);
    }
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let config = TpeConfig::default();
    let far = |target| {
        let all = proposals(&space, &history, &config, Some((&ladder, target)));
        share(&all, |x| (x - 0.5).abs() > 0.1)
    };
    let (low, high) = (far(1), far(9));
    assert!((0.13..0.41).contains(&low) && high < 0.05, "{low} {high}");
}

/// Of two halves with the same losses the left one, with the earlier trials, has the proposals; where
/// three of four of its trials violate a constraint, these go to the right.
#[test]
fn regions_that_violate_constraints_are_left() {
    let space = line();
    let left = |constrained: bool| {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..80 {
            // Pairs of trials with the same loss, one in each half.
            let (pair, half) = (i / 2, i % 2);
            let u = 0.5 * (f64::from(pair) * 0.618).fract();
            let (x, loss) = (u + 0.5 * f64::from(half), (u - 0.25).abs());
            let violated = half == 0 && pair % 4 != 0;
            let constraint = if violated { 1.0 } else { -1.0 };
            let constraints: &[f64] = if constrained { &[constraint] } else { &[] };
            push(&mut history, at(&space, x), State::Complete, loss, constraints);
        }
        share(&proposals(&space, &history, &TpeConfig::default(), None), |x| x < 0.5)
    };
    let (free, bound) = (left(false), left(true));
    assert!(free > 0.8 && bound < 0.2, "{free} {bound}");
}

/// The user's prior has its weight at the start and loses it: the draws around its mode become
/// fewer than those that the data alone explain.
#[test]
fn the_users_prior_fades() {
    let near = |trials: u32| {
        let mut builder = Space::builder();
        let prior = Prior::Normal { mean: 0.2, sd: 0.02 };
        builder.float("x", 0.0..=1.0).prior(prior).add().unwrap();
        let space = builder.build().unwrap();
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..trials {
            let x = 0.55 + 0.4 * (f64::from(i) * 0.618).fract();
            push(&mut history, at(&space, x), State::Complete, (x - 0.8).abs(), &[]);
        }
        let config = TpeConfig { max_good: 2, max_bad: 10, ..TpeConfig::default() };
        share(&proposals(&space, &history, &config, None), |x| (x - 0.2).abs() < 0.06)
    };
    let (early, late) = (near(12), near(4000));
    assert!(early > 0.8 && late < early - 0.12, "{early} {late}");
}

/// Of four objectives with a large front: the good trials are those that dominate volume, not the
/// extremes of single objectives, which dominate none.
#[test]
fn of_many_objectives_volume_counts_and_not_extremes() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize; 4]);
    // On the right compromises, on the left extremes: excellent in one objective, at the worst value
    // in the three others.
    for i in 0..60_u64 {
        let share = (i as f64 * 0.618).fract();
        let (x, values) = if i % 2 == 0 {
            let spread = 0.02 * share;
            let values =
                (0..4).map(|m| 0.5 + spread * if (i / 2 + m) % 2 == 0 { 1.0 } else { -1.0 });
            (0.6 + 0.3 * share, values.collect())
        } else {
            let best = (i / 2) % 4;
            let value = |m: u64| if m == best { 0.01 * share } else { 1.0 - 1e-3 * share };
            (0.1 + 0.3 * share, (0..4).map(value).collect::<Vec<f64>>())
        };
        let mut trial = Trial::waiting(history.next_id(), at(&space, x));
        (trial.state, trial.values) = (State::Complete, values);
        history.push(trial).unwrap();
    }
    let right = share(&proposals(&space, &history, &TpeConfig::default(), None), |x| x > 0.5);
    assert!(right > 0.8, "{right}");
}

/// The good trials lie at (.2, .2) and at (.8, .8), all others do not matter where they lie. Independent
/// parameters take each from a good trial of its own, so that half of the proposals are at (.2, .8) or
/// (.8, .2); of the joint densities none is, and of the default a quarter of half.
#[test]
fn good_values_of_different_trials_are_combined() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.float("y", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for i in 0..100_u64 {
        let jitter = (i % 10) as f64 * 1e-3;
        let center = if i % 2 == 0 { 0.2 } else { 0.8 };
        let good = [center + jitter, center - jitter];
        let bad: [f64; 2] = stream(5, i, "bad").random();
        let config = space.decode(if i < 12 { &good } else { &bad });
        push(&mut history, config, State::Complete, i as f64, &[]);
    }
    let crossed = |independent_share: f64| {
        let config = TpeConfig { independent_share, good_share: 0.12, ..TpeConfig::default() };
        let crossed = |seed: u64| {
            let view = View {
                space: &space,
                history: &history,
                number: history.next_id(),
                seed,
                planned_trials: None,
                ladder: None,
                target: None,
            };
            let mut sampler = TpeSampler::new(config.clone());
            let config = sampler.propose(&view, &mut stream(seed, 0, "propose")).unwrap();
            let unit = space.encode(&config).unit;
            let at = |x: f64, center: f64| (x - center).abs() < 0.1;
            at(unit[0], 0.2) && at(unit[1], 0.8) || at(unit[0], 0.8) && at(unit[1], 0.2)
        };
        (0..N).filter(|seed| crossed(*seed)).count() as f64 / N as f64
    };
    let (joint, default, independent) =
        (crossed(0.0), crossed(TpeConfig::default().independent_share), crossed(1.0));
    assert!(joint < 0.02, "{joint}");
    assert!((0.05..0.3).contains(&default), "{default}");
    assert!(independent > 0.3, "{independent}");
}

/// DTLZ2 with four objectives: after 100 trials the volume is well above that of random search, below
/// which the extremes of single objectives alone stay.
#[test]
fn four_objectives_beat_random_search() {
    let mut builder = Space::builder();
    let keys: Vec<Key<f64>> =
        (0..6).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let dtlz2 = |config: &Config| {
        let x: Vec<f64> = keys.iter().map(|key| config[*key]).collect();
        let radius = 1.0 + x[3..].iter().map(|x| (x - 0.5).powi(2)).sum::<f64>();
        let angle = |i: usize| x[i] * std::f64::consts::FRAC_PI_2;
        [
            radius * angle(0).cos() * angle(1).cos() * angle(2).cos(),
            radius * angle(0).cos() * angle(1).cos() * angle(2).sin(),
            radius * angle(0).cos() * angle(1).sin(),
            radius * angle(0).sin(),
        ]
    };
    let volume = |make: &dyn Fn() -> Box<dyn Sampler>| -> f64 {
        let run = |seed: u64| {
            let mut study = Study::builder(space.clone())
                .directions(vec![Direction::Minimize; 4])
                .seed(seed)
                .sampler(make())
                .build()
                .unwrap();
            study.optimize(100, dtlz2).unwrap();
            let front: Vec<&[f64]> = study.front().iter().map(|t| t.values.as_slice()).collect();
            pareto::hypervolume(&front, &[1.1; 4])
        };
        (0..5).map(run).sum::<f64>() / 5.0
    };
    let ours = volume(&|| Box::<TpeSampler>::default());
    let blind = volume(&|| Box::new(RandomSampler::uniform()));
    assert!(ours > 1.25 * blind, "{ours} {blind}");
}

/// Trials that follow a source contradict it in nothing, so the fourth and every third one after it are
/// proposed as if there were none, and where it predicts less; trials that say enough about it need none.
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
    let propose = |number: u64, seed: u64, tried: fn(u64) -> (f64, f64), sources: &Sources| {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..number {
            let (x, loss) = tried(i);
            let (state, values) = (State::Complete, vec![loss]);
            let trial = Trial { state, values, ..Trial::waiting(i, config(x)) };
            history.push(trial).unwrap();
        }
        let mut sampler = TpeSampler::default();
        sampler.warm_start(sources);
        let view = View {
            space: &space,
            history: &history,
            number: history.next_id(),
            seed,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        sampler.propose(&view, &mut stream(seed, number, "propose")).unwrap()
    };
    let (with, without) = (Sources::new(Vec::new(), vec![source]), Sources::default());
    let controls = |tried: fn(u64) -> (f64, f64)| -> Vec<u64> {
        let is_control = |n: &u64| propose(*n, 3, tried, &with) == propose(*n, 3, tried, &without);
        (1..9).filter(is_control).collect()
    };
    // Results of which the predictions are nearly equal.
    let near = |i: u64| (0.3 + 1e-4 * i as f64, (i * 5 % 7) as f64);
    assert_eq!(controls(near), [3, 6]);
    // Results that spread and agree with the source need no control.
    let spread = |i: u64| {
        let x = (0.3 + 0.35 * i as f64) % 1.0;
        (x, (x - 0.3).powi(2))
    };
    assert!(controls(spread).is_empty());
    // The source predicts every control to be worse than what was tried.
    for seed in 0..60 {
        let control = propose(3, seed, near, &with);
        let x = control.value(0).map(Value::as_f64).unwrap();
        assert!((x - 0.3).abs() > 0.05, "{seed}: {x}");
    }
    // None of the first configurations takes the place of a control.
    assert_eq!(TpeSampler::default().first_wanted(&with), 3);
}

/// A source with its good trials at .2, none of which this study has confirmed or refuted, leads most of
/// the first proposals there; after hundreds of trials that say nothing about it, hardly any.
#[test]
fn a_source_leads_and_fades() {
    let space = line();
    let trial = |i: u32| {
        let x = (f64::from(i) + 0.5) / 30.0;
        let losses = vec![(x - 0.2).abs()];
        SourceTrial { config: at(&space, x), losses, violation: 0.0, complete: true }
    };
    let trials = (0..30).map(trial).collect();
    let source = Source { name: "earlier".into(), known: vec![true], trials };
    let sources = Sources::new(Vec::new(), vec![source]);
    let near = |trials: u64, sources: &Sources| {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..trials {
            let x = 0.7 + 1e-4 * (i as f64 * 0.618).fract();
            push(&mut history, at(&space, x), State::Complete, 1.0, &[]);
        }
        let propose = |seed: u64| {
            let number = history.next_id();
            let (history, planned_trials, ladder, target) = (&history, None, None, None);
            let space = &space;
            let view = View { space, history, number, seed, planned_trials, ladder, target };
            let mut sampler = TpeSampler::default();
            sampler.warm_start(sources);
            let config = sampler.propose(&view, &mut stream(seed, 0, "propose")).unwrap();
            config.value(0).map(Value::as_f64).unwrap()
        };
        share(&(0..N).map(propose).collect::<Vec<f64>>(), |x| (x - 0.2).abs() < 0.1)
    };
    // Neither number is that of a control.
    let (early, late) = (near(4, &sources), near(400, &sources));
    let without = near(400, &Sources::default());
    assert!(early > 0.6 && late < early - 0.2, "{early} {late} {without}");
}

/// A failed trial is worse than one that violates a constraint, and that worse than any feasible one:
/// in a third of the space each, the proposals stay with the feasible ones, whatever the losses say.
#[test]
fn feasible_trials_come_before_others() {
    let space = line();
    let mut history = History::new(vec![Direction::Minimize]);
    for i in 0..60_u32 {
        let x = f64::from(i % 3) / 3.0 + 0.33 * (f64::from(i) * 0.618).fract();
        match i % 3 {
            0 => push(&mut history, at(&space, x), State::Complete, -9.0, &[1.0]),
            1 => push(&mut history, at(&space, x), State::Complete, 5.0, &[-1.0]),
            _ => push(&mut history, at(&space, x), State::Failed, 0.0, &[]),
        }
    }
    let all = proposals(&space, &history, &TpeConfig::default(), None);
    let middle = share(&all, |x| (1.0 / 3.0..2.0 / 3.0).contains(&x));
    assert!(middle > 0.85, "{middle}");
}
