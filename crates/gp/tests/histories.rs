//! What the sampler makes of histories that the golden table does not have.
#![allow(clippy::unwrap_used)]

use automl_gp::{Acquisition, GpOptions, GpSampler, TrustRegionOptions, region_losses};
use automl_numeric::stream;
use automl_space::{Config, Key, Prior, Space};
use automl_study::{
    Direction, Fidelity, History, Ladder, Report, Sampler, Source, SourceTrial, Sources, State,
    Trial, TrialId, View, sobol_point,
};

fn line() -> (Space, Key<f64>) {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    (builder.build().unwrap(), x)
}

fn view<'a>(space: &'a Space, history: &'a History, ladder: Option<&'a Ladder>) -> View<'a> {
    let number = history.next_id();
    View { space, history, number, seed: 3, planned_trials: None, ladder, target: None }
}

fn proposed(options: GpOptions, view: &View<'_>, seed: u64) -> Config {
    GpSampler::new(options).propose(view, &mut stream(seed, 0, "propose")).unwrap()
}

/// A sum of uniform numbers, nearly normal.
fn noise(number: u64) -> f64 {
    (0..4).map(|i| sobol_point(7 * number + i, 1, 5)[0] - 0.5).sum()
}

/// A history of complete trials on a line.
fn history(space: &Space, of: impl IntoIterator<Item = (f64, f64)>) -> History {
    let mut history = History::new(vec![Direction::Minimize]);
    for (number, (x, loss)) in (0..).zip(of) {
        let (state, values) = (State::Complete, vec![loss]);
        let trial = Trial { state, values, ..Trial::waiting(number, space.decode(&[x])) };
        history.push(trial).unwrap();
    }
    history
}

fn changed(history: &History, change: impl Fn(&mut Trial)) -> History {
    let mut new = History::new(history.directions().to_vec());
    for trial in history.trials() {
        let mut trial = trial.clone();
        change(&mut trial);
        new.push(trial).unwrap();
    }
    new
}

/// Pairs of noisy results of a function on the line.
fn pairs(space: &Space, loss: impl Fn(f64) -> f64) -> History {
    let at = |n: u64| (n / 2) as f64 / 24.0 + 1e-3 * (n % 2) as f64;
    history(space, (0..48).map(|n| (at(n), loss(at(n)) + 0.5 * noise(n))))
}

/// Noisy losses are to improve on the best feasible one, which lies near .25, and not on those of another choice
/// that violates the constraint: these lie far below, so that only what is uncertain could reach them.
#[test]
fn noisy_losses_improve_on_feasible_ones() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["allowed", "forbidden"]).add().unwrap();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..60_u64 {
        let at = (number / 2) as f64 / 29.0 + 1e-3 * (number % 2) as f64;
        let is_forbidden = number % 6 > 3;
        if !is_forbidden && (0.6..0.85).contains(&at) {
            continue;
        }
        let config = space.decode(&[if is_forbidden { 0.9 } else { 0.1 }, at]);
        let loss =
            if is_forbidden { -4.0 } else { 6.0 * (at - 0.25).powi(2) } + 0.3 * noise(number);
        let (state, values) = (State::Complete, vec![loss]);
        let constraints = vec![if is_forbidden { 1.0 } else { -1.0 }];
        let id = history.next_id();
        let trial = Trial { state, values, constraints, ..Trial::waiting(id, config) };
        history.push(trial).unwrap();
    }
    for seed in 0..4 {
        let config = proposed(GpOptions::default(), &view(&space, &history, None), seed);
        assert!(config[kind] == 0 && (0.1..0.45).contains(&config[x]), "{config:?}");
    }
}

/// How far a proposal moves where a trial runs at its place.
fn moved(
    options: GpOptions,
    history: &History,
    (space, ladder): (&Space, Option<&Ladder>),
    x: Key<f64>,
) -> f64 {
    let alone = proposed(options, &view(space, history, ladder), 3);
    let mut beside = history.clone();
    let state = State::Running;
    beside.push(Trial { state, ..Trial::waiting(beside.next_id(), alone.clone()) }).unwrap();
    (proposed(options, &view(space, &beside, ladder), 3)[x] - alone[x]).abs()
}

/// Running trials count where losses are noisy, and for the confidence bound.
#[test]
fn running_trials_count_in_every_mode() {
    let (space, x) = line();
    let noisy = pairs(&space, |x| 6.0 * (x - 0.4).powi(2));
    let apart = moved(GpOptions::default(), &noisy, (&space, None), x);
    assert!(apart > 0.02, "{apart}");
    let acquisition = Acquisition::LowerConfidenceBound(2.0);
    let bound = GpOptions { acquisition, ..GpOptions::default() };
    let wave = |x: f64| (x, (9.0 * x).sin() + x);
    let few = history(&space, (0..8).map(|i| wave(f64::from(i) / 7.0)));
    let apart = moved(GpOptions { startup: 8, ..bound }, &few, (&space, None), x);
    assert!(apart > 0.02, "{apart}");
}

/// A trust region lies around the best of the complete trials: those at a low fidelity have lower
/// losses, the lowest far from there.
#[test]
fn a_trust_region_stands_where_full_trainings_are_good() {
    let (space, x) = line();
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let all = history(&space, (0..24).map(|i| (f64::from(i * 7 % 24) / 23.0, 0.0)));
    let history = changed(&all, |trial| {
        let at = trial.config[x];
        let short = Report { fidelity: Fidelity(1), values: vec![(at - 0.2).powi(2) - 3.0] };
        trial.reports.push(short);
        trial.values = vec![(at - 0.8).powi(2)];
        if trial.number.0 % 2 == 0 {
            (trial.state, trial.values) = (State::Paused, Vec::new());
        } else {
            let values = trial.values.clone();
            trial.reports.push(Report { fidelity: Fidelity(27), values });
        }
    });
    let region = TrustRegionOptions { initial: 0.2, failures: 100, ..Default::default() };
    let options = GpOptions { trust_region: Some(region), ..GpOptions::default() };
    let at = proposed(options, &view(&space, &history, Some(&ladder)), 3)[x];
    assert!((at - 0.8).abs() < 0.2, "{at}");
}

/// Failures shrink a trust region of one trial's tolerance below its least side: the search restarts with a design
/// of its own, and goes on around the best of that, not around the better trials of before.
#[test]
fn a_restart_begins_anew() {
    let (space, x) = line();
    let region = TrustRegionOptions { initial: 0.2, min: 0.15, failures: 1, ..Default::default() };
    let options = GpOptions { startup: 4, trust_region: Some(region), ..GpOptions::default() };
    let before = [(0.2, 0.0), (0.1, 1.0), (0.3, 1.0), (0.4, 1.0), (0.25, 1.0)];
    let after = [(0.6, 2.2), (0.7, 2.1), (0.8, 2.0), (0.9, 2.1)];
    let all = |len: usize| history(&space, before.into_iter().chain(after).take(len));
    let (begun, grown) = (all(7), all(9));
    let begun = view(&space, &begun, None);
    let design = begun.startup_proposal(&mut stream(3, 0, "propose"));
    assert_eq!(proposed(options, &begun, 3), design);
    let at = proposed(options, &view(&space, &grown, None), 3)[x];
    assert!((0.69..0.91).contains(&at), "{at}");
}

/// Users' weights of choices are followed at first, as their densities of numbers are.
#[test]
fn users_weights_are_followed_at_first() {
    let mut builder = Space::builder();
    let weights = Prior::Weights { weights: vec![1.0, 1.0, 8.0] };
    let kind = builder.choice("kind", ["a", "b", "c"]).prior(weights).add().unwrap();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..12_u64 {
        let config = space.decode(&sobol_point(number, 2, 5));
        let (state, values) = (State::Complete, vec![1.0]);
        history.push(Trial { state, values, ..Trial::waiting(number, config) }).unwrap();
    }
    let of = |seed| proposed(GpOptions::default(), &view(&space, &history, None), seed)[kind];
    let followed = (0..20).filter(|seed| of(*seed) == 2).count();
    assert!(followed >= 16, "{followed}");
}

/// Failed trials are trials of the start-up design.
#[test]
fn failures_do_not_prolong_the_design() {
    let (space, x) = line();
    let all = history(&space, (0..12).map(|i| (f64::from(i) / 11.0, f64::from(i))));
    let history = changed(&all, |trial| {
        if trial.config[x] > 0.3 {
            (trial.state, trial.values) = (State::Failed, Vec::new());
        }
    });
    let view = view(&space, &history, None);
    let design = view.startup_proposal(&mut stream(3, 0, "propose"));
    assert!(proposed(GpOptions::default(), &view, 3) != design);
}

/// Trials that were stopped, or run on, are no failures: their results are the best.
#[test]
fn what_was_reported_is_no_failure() {
    let (space, x) = line();
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let all = history(&space, (0..20).map(|i| (f64::from(i) / 19.0, 0.0)));
    for state in [State::Pruned, State::Running] {
        let history = changed(&all, |trial| {
            let at = trial.config[x];
            let values = vec![(at - 0.2).powi(2)];
            trial.reports.push(Report { fidelity: Fidelity(3), values: values.clone() });
            (trial.state, trial.values) = (state, Vec::new());
            if at > 0.5 {
                trial.reports.push(Report { fidelity: Fidelity(9), values: values.clone() });
                (trial.state, trial.values) = (State::Complete, values);
            }
        });
        for seed in 0..4 {
            let at =
                proposed(GpOptions::default(), &view(&space, &history, Some(&ladder)), seed)[x];
            assert!((at - 0.2).abs() < 0.2, "{state:?}: {at}");
        }
    }
}

/// What no trial has reached yet is the end of the training all the same: noisy results below it recommend
/// nothing.
#[test]
fn the_highest_fidelity_is_that_of_the_ladder() {
    let (space, _) = line();
    let ladder = Ladder::new("epoch", 1, 81, true).unwrap();
    let all = pairs(&space, |x| 6.0 * (x - 0.4).powi(2));
    let short = changed(&all, |trial| {
        let values = std::mem::take(&mut trial.values);
        trial.reports.push(Report { fidelity: Fidelity(3), values });
        trial.state = State::Paused;
    });
    let recommended = |history: &History| -> Option<TrialId> {
        GpSampler::default().recommend(&view(&space, history, Some(&ladder)))
    };
    assert!(recommended(&all).is_some() && recommended(&short).is_none());
}

/// The regions of one objective are not those of another.
#[test]
fn each_objective_has_regions_of_its_own() {
    let (space, x) = line();
    let one = history(&space, (0..24).map(|i| (f64::from(i) / 23.0, 0.0)));
    let mut two = History::new(vec![Direction::Minimize; 2]);
    for trial in one.trials() {
        let mut trial = trial.clone();
        let at = trial.config[x];
        trial.values = vec![(at - 0.2).powi(2), (at - 0.8).powi(2)];
        two.push(trial).unwrap();
    }
    for (objective, best) in [0.2, 0.8].into_iter().enumerate() {
        let losses = region_losses(&space, &two, None, objective);
        let least = losses.iter().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        let at = two.get(*least).unwrap().config[x];
        assert!((at - best).abs() < 0.1, "{at}");
    }
}

/// The start-up design among a list takes those next to its points, which cover the space.
#[test]
fn a_design_covers_a_list() {
    let (space, x) = line();
    let list: Vec<Config> = (0..100).map(|i| space.decode(&[f64::from(i) / 99.0])).collect();
    let mut sampler = GpSampler::default().among(list);
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..8_u64 {
        let config = sampler
            .propose(&view(&space, &history, None), &mut stream(3, number, "propose"))
            .unwrap();
        let (state, values) = (State::Complete, vec![1.0]);
        history.push(Trial { state, values, ..Trial::waiting(number, config) }).unwrap();
    }
    let mut at: Vec<f64> = history.trials().iter().map(|trial| trial.config[x]).collect();
    at.sort_by(f64::total_cmp);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] < 0.3) && at[0] < 0.3 && at[7] > 0.7);
}

/// Three objectives are weighted anew for each proposal. What was fitted to one weighting says nothing about the
/// next, so that a sampler that has proposed proposes what a fresh one does.
#[test]
fn another_weighting_has_another_model() {
    let mut builder = Space::builder();
    let keys = ["x", "y"].map(|name| builder.float(name, 0.0..=1.0).add().unwrap());
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize; 3]);
    for number in 0..24_u64 {
        let config = space.decode(&sobol_point(number, 2, 5));
        let [x, y] = keys.map(|key| config[key]);
        let values = vec![(9.0 * x).sin(), (y - 0.3).powi(2), (20.0 * x * y).cos()];
        let state = State::Complete;
        history.push(Trial { state, values, ..Trial::waiting(number, config) }).unwrap();
    }
    let view = view(&space, &history, None);
    let mut used = GpSampler::default();
    for seed in 0..4 {
        let again = used.propose(&view, &mut stream(seed, 0, "propose")).unwrap();
        assert_eq!(again, proposed(GpOptions::default(), &view, seed), "{seed}");
    }
}

/// Each of several constraints counts: the second one forbids what is good, the first one nothing. How far a
/// single value lies below zero hides nothing of it.
#[test]
fn every_constraint_has_a_model() {
    let (space, x) = line();
    let all = history(&space, (0..31).map(|i| (f64::from(i) / 30.0, -f64::from(i) / 30.0)));
    for (slack, end) in [(0.4, 0.46), (1e9, 0.75)] {
        let history = changed(&all, |trial| {
            let at = trial.config[x];
            let second = if at == 0.0 { -slack } else { at - 0.4 };
            trial.constraints = vec![-1.0 - at, second];
        });
        for seed in 0..4 {
            let at = proposed(GpOptions::default(), &view(&space, &history, None), seed)[x];
            assert!((0.2..end).contains(&at), "{slack}: {at}");
        }
    }
}

/// Draws of Thompson sampling differ by chance where trials run too.
#[test]
fn thompson_samples_differ_beside_running_trials() {
    let (space, x) = line();
    let mut history = history(&space, (0..8).map(|i| (f64::from(i) / 7.0, 0.0)));
    history = changed(&history, |trial| trial.values = vec![(9.0 * trial.config[x]).sin()]);
    let (id, state) = (history.next_id(), State::Running);
    history.push(Trial { state, ..Trial::waiting(id, space.decode(&[0.5])) }).unwrap();
    let options =
        GpOptions { acquisition: Acquisition::Thompson, startup: 8, ..GpOptions::default() };
    let view = view(&space, &history, None);
    let mut at: Vec<f64> = (0..12).map(|seed| proposed(options, &view, seed)[x]).collect();
    at.sort_by(f64::total_cmp);
    assert!(at[11] - at[0] > 0.01, "{at:?}");
}

/// An earlier study is judged by results of one fidelity at a time: short trainings near its optimum have worse
/// losses than long ones far from it, and yet it ranks either of them right.
#[test]
fn sources_are_judged_at_each_fidelity() {
    let (space, x) = line();
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let trials = (0..20).map(|i| {
        let at = f64::from(i) / 19.0;
        let losses = vec![(at - 0.3).powi(2)];
        SourceTrial { config: space.decode(&[at]), losses, violation: 0.0, complete: true }
    });
    let source = Source { name: "earlier".into(), known: vec![true], trials: trials.collect() };
    let sources = Sources::new(Vec::new(), vec![source]);
    let at = [0.5_f64, 0.75, 0.55, 0.8, 0.6, 0.9, 0.65, 1.0];
    let all = history(&space, at.into_iter().map(|at| (at, (at - 0.3).powi(2))));
    let history = changed(&all, |trial| {
        let short = Report { fidelity: Fidelity(1), values: vec![trial.values[0] + 3.0] };
        if trial.number.0 % 2 == 0 {
            (trial.state, trial.values) = (State::Paused, Vec::new());
            trial.reports.push(short);
        } else {
            let values = trial.values.clone();
            trial.reports.push(Report { fidelity: Fidelity(9), values });
        }
    });
    let view = view(&space, &history, Some(&ladder));
    let mut sampler = GpSampler::default();
    sampler.warm_start(&sources);
    let config = sampler.propose(&view, &mut stream(3, 0, "propose")).unwrap();
    // Trust in the source ends the design.
    assert!(config != view.startup_proposal(&mut stream(3, 0, "propose")));
    assert!((config[x] - 0.3).abs() < 0.1, "{config:?}");
}

/// A running trial is trained to the end: short trainings, which say nothing about the long ones here, leave
/// nothing to be learnt from another one at the same place.
#[test]
fn running_trials_end_at_the_highest_fidelity() {
    let (space, x) = line();
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let all = history(&space, (0..16).map(|i| (f64::from(i / 2) / 7.0, 0.0)));
    let history = changed(&all, |trial| {
        let at = trial.config[x];
        let short = Report { fidelity: Fidelity(1), values: vec![(23.0 * at).cos() + 1.0] };
        trial.reports.push(short);
        let values = vec![(9.0 * at).sin() + at];
        if trial.number.0 % 2 == 0 {
            (trial.state, trial.values) = (State::Paused, Vec::new());
        } else {
            trial.reports.push(Report { fidelity: Fidelity(27), values: values.clone() });
            trial.values = values;
        }
    });
    let apart = moved(GpOptions::default(), &history, (&space, Some(&ladder)), x);
    assert!(apart > 0.02, "{apart}");
}
