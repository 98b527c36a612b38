//! What the parts of the sampler promise.
#![allow(clippy::unwrap_used)]

use automl_gp::{GpOptions, GpSampler, TrustRegionOptions};
use automl_numeric::stream;
use automl_space::{Config, Space, Value};
use automl_study::{
    Direction, Fidelity, History, Ladder, Report, Sampler, Source, SourceTrial, Sources, State,
    Trial, View, sobol_point,
};

/// Trials under way count with fantasies of their outcomes: where one runs at the place of the next
/// proposal, that lies elsewhere.
#[test]
fn running_trials_are_kept_away_from() {
    let mut builder = Space::builder();
    let keys = ["x", "y"].map(|name| builder.float(name, 0.0..=1.0).add().unwrap());
    let space = builder.build().unwrap();
    let propose = |objectives: usize, pending: Option<Config>| {
        let mut history = History::new(vec![Direction::Minimize; objectives]);
        for number in 0..12_u64 {
            let config = space.decode(&sobol_point(number, 2, 5));
            let [x, y] = keys.map(|key| config[key]);
            let mut trial = Trial::waiting(number, config);
            trial.state = State::Complete;
            trial.values = vec![(7.0 * x).sin() + (5.0 * y).cos() + x * y, (x - y).powi(2) + x];
            trial.values.truncate(objectives);
            history.push(trial).unwrap();
        }
        if let Some(config) = pending {
            let mut trial = Trial::waiting(history.next_id(), config);
            trial.state = State::Running;
            history.push(trial).unwrap();
        }
        let view = after(&space, &history, None);
        GpSampler::default().propose(&view, &mut stream(3, 0, "propose")).unwrap()
    };
    for objectives in [1, 2] {
        let alone = propose(objectives, None);
        let beside = propose(objectives, Some(alone.clone()));
        let distance: f64 = keys.iter().map(|key| (alone[*key] - beside[*key]).powi(2)).sum();
        assert!(distance.sqrt() > 0.03, "{objectives}: {alone:?} {beside:?}");
    }
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
        let mut sampler = GpSampler::default();
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
    // Of the first configurations one is tried, so that the first control is not put off.
    assert_eq!(GpSampler::default().first_wanted(&with), 1);
}

/// The coordinate of the trial that is recommended after pairs of noisy results in a bowl around .4, with
/// a lucky one at .9. `change` is told the coordinate.
fn recommended(change: impl Fn(&mut Trial, f64)) -> Option<f64> {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..48_u64 {
        let unit = (number / 2) as f64 / 24.0 + 1e-3 * (number % 2) as f64;
        // Sums of uniform numbers, nearly normal.
        let draw = |i: u64| sobol_point(7 * number + i, 1, 5)[0] - 0.5;
        let noise = (0..4).map(draw).sum::<f64>();
        let lucky = if number == 43 { -3.0 } else { 0.0 };
        let mut trial = Trial::waiting(number, space.decode(&[unit]));
        (trial.state, trial.values) =
            (State::Complete, vec![6.0 * (unit - 0.4).powi(2) + 0.5 * noise + lucky]);
        change(&mut trial, unit);
        history.push(trial).unwrap();
    }
    let view = after(&space, &history, Some(&ladder));
    let trial = GpSampler::default().recommend(&view)?;
    Some(history.get(trial).unwrap().config[x])
}

/// Where results are noisy the trial with the least expected loss is recommended, not the luckiest one; of
/// the feasible ones, and of those that were trained to the end.
#[test]
fn the_recommended_trial_is_expected_to_be_good() {
    let near = |x: Option<f64>, low: f64, high: f64| {
        assert!(x.is_some_and(|x| (low..high).contains(&x)), "{x:?}");
    };
    near(recommended(|_, _| {}), 0.25, 0.55);
    let constrained = |trial: &mut Trial, x: f64| trial.constraints = vec![0.6 - x];
    near(recommended(constrained), 0.6, 0.75);
    let partial = |trial: &mut Trial, x: f64| {
        let values = trial.values.clone();
        trial.reports.push(Report { fidelity: Fidelity(if x < 0.6 { 3 } else { 9 }), values });
        if x < 0.6 {
            (trial.state, trial.values) = (State::Paused, Vec::new());
        }
    };
    near(recommended(partial), 0.6, 0.75);
    // Without noise there is nothing to tell apart.
    let exact = |trial: &mut Trial, x: f64| trial.values = vec![(x - 0.4).powi(2)];
    assert_eq!(recommended(exact), None);
}

/// The first coordinate of a proposal in a narrow trust region after twenty trials, the losses of which are
/// their first coordinates.
fn proposed_in_region(constraint: impl Fn(f64) -> f64) -> f64 {
    let mut builder = Space::builder();
    let keys = ["x", "y"].map(|name| builder.float(name, 0.0..=1.0).add().unwrap());
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..20_u64 {
        let config = space.decode(&sobol_point(number, 2, 5));
        let x = config[keys[0]];
        let mut trial = Trial::waiting(number, config);
        (trial.state, trial.values) = (State::Complete, vec![x]);
        trial.constraints = vec![constraint(x)];
        history.push(trial).unwrap();
    }
    let region = TrustRegionOptions { initial: 0.2, failures: 100, ..Default::default() };
    let options = GpOptions { trust_region: Some(region), ..GpOptions::default() };
    let view = after(&space, &history, None);
    let proposal = GpSampler::new(options).propose(&view, &mut stream(3, 0, "propose")).unwrap();
    proposal[keys[0]]
}

/// The center of a trust region is feasible: better trials that violate a constraint lie on the left. Where
/// none is, the one that violates the constraint least is the center.
#[test]
fn a_trust_region_stands_where_constraints_hold() {
    let x = proposed_in_region(|x| 0.6 - x);
    assert!((0.5..0.9).contains(&x), "{x}");
    for least in [0.15, 0.85] {
        let x = proposed_in_region(|x| 0.1 + (x - least).abs());
        assert!((x - least).abs() < 0.2, "{least}: {x}");
    }
}

fn after<'a>(space: &'a Space, history: &'a History, ladder: Option<&'a Ladder>) -> View<'a> {
    let number = history.next_id();
    View { space, history, number, seed: 3, planned_trials: None, ladder, target: None }
}

/// Losses after a short training lie 1 above those after a long one. Between the best places of two objectives,
/// .3 and .7, trials up to .58 were trained for short, so the front has its gap between .58 and .76 if it is
/// predicted at the highest fidelity; by the losses of the short trainings the middle would be missing.
#[test]
fn the_front_is_predicted_at_the_highest_fidelity() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let mut history = History::new(vec![Direction::Minimize; 2]);
    let long = (0..4).map(|i| 0.08 * f64::from(i)).flat_map(|at| [(at, true), (1.0 - at, true)]);
    let short = (0..8).map(|i| (0.3 + 0.04 * f64::from(i), false));
    for (number, (at, is_long)) in (0..).zip(long.chain(short)) {
        let losses = |above: f64| [0.3, 0.7].map(|best| (at - best).powi(2) + above).to_vec();
        let mut trial = Trial::waiting(number, space.decode(&[at]));
        trial.reports.push(Report { fidelity: Fidelity(1), values: losses(1.0) });
        trial.state = State::Paused;
        if is_long {
            trial.reports.push(Report { fidelity: Fidelity(27), values: losses(0.0) });
            (trial.state, trial.values) = (State::Complete, losses(0.0));
        }
        history.push(trial).unwrap();
    }
    let view = after(&space, &history, Some(&ladder));
    for seed in 0..4 {
        let mut rng = stream(seed, 0, "propose");
        let at = GpSampler::default().propose(&view, &mut rng).unwrap()[x];
        assert!((0.6..0.76).contains(&at), "{at}");
    }
}

/// Four objectives that agree have one best place. Once it is known there is nothing to gain, and the start-up
/// design goes on; where they disagree there is.
#[test]
fn the_design_goes_on_where_nothing_is_to_be_gained() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let is_design = |apart: f64| {
        let mut history = History::new(vec![Direction::Minimize; 4]);
        for number in 0..21_u64 {
            let mut trial = Trial::waiting(number, space.decode(&[number as f64 / 20.0]));
            let at = trial.config[x];
            let loss = |m: i32| (at - 0.5 - apart * f64::from(m)).powi(2);
            (trial.state, trial.values) = (State::Complete, (-1..3).map(loss).collect());
            history.push(trial).unwrap();
        }
        let view = after(&space, &history, None);
        let (mut rng, mut own) = (stream(3, 0, "propose"), stream(3, 0, "propose"));
        let proposal = GpSampler::default().propose(&view, &mut rng).unwrap();
        proposal == view.startup_proposal(&mut own)
    };
    assert!(is_design(0.0) && !is_design(0.13));
}
