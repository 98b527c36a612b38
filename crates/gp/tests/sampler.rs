//! The sampler on small problems: one and several objectives, noise, constraints, fidelities, priors.
#![allow(clippy::unwrap_used)]

use automl_gp::{Acquisition, GpOptions, GpSampler};
use automl_numeric::{pareto, stream};
use automl_space::{Config, Space};
use automl_study::{
    Direction, Fidelity, History, Ladder, Outcome, Report, Sampler, State, Study, Trial, View,
};

fn branin(x: f64, y: f64) -> f64 {
    use std::f64::consts::PI;
    let a = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    a * a + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
}

fn square() -> (Space, [automl_space::Key<f64>; 2]) {
    let mut builder = Space::builder();
    let x = builder.float("x", -5.0..=10.0).add().unwrap();
    let y = builder.float("y", 0.0..=15.0).add().unwrap();
    (builder.build().unwrap(), [x, y])
}

fn view<'a>(space: &'a Space, history: &'a History, ladder: Option<&'a Ladder>) -> View<'a> {
    let number = history.next_id();
    View { space, history, number, seed: 3, planned_trials: None, ladder, target: None }
}

fn propose(sampler: &mut GpSampler, view: &View<'_>) -> Config {
    sampler.propose(view, &mut stream(3, view.number.0, "propose")).unwrap()
}

fn told(number: u64, config: Config, state: State, values: Vec<f64>) -> Trial {
    Trial { state, values, ..Trial::waiting(number, config) }
}

#[test]
fn branin_is_solved() {
    let (space, [x, y]) = square();
    let mut study = Study::builder(space).sampler(GpSampler::default()).build().unwrap();
    study.optimize(40, |c| branin(c[x], c[y])).unwrap();
    let regret = study.best().unwrap().values[0] - 0.397_887_357_7;
    assert!(regret < 0.02, "{regret}");
}

#[test]
fn a_fresh_sampler_proposes_the_same() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let y = builder.float("y", 0.0..=1.0).when(kind, "a").add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    let mut used = GpSampler::default();
    for number in 0..70_u64 {
        let view = view(&space, &history, None);
        let config = propose(&mut used, &view);
        if number % 3 == 1 {
            assert_eq!(config, propose(&mut GpSampler::default(), &view), "trial {number}");
        }
        let value = (config[x] - 0.3).powi(2) + config.get(y).map_or(0.2, |y| (y - 0.7).abs());
        let trial = match number % 10 {
            7 => told(number, config, State::Failed, Vec::new()),
            8 if number > 60 => told(number, config, State::Running, Vec::new()),
            _ => told(number, config, State::Complete, vec![value]),
        };
        history.push(trial).unwrap();
    }
    assert_eq!(history.distinct(), 70);
}

#[test]
fn a_low_fidelity_informs_and_is_no_final_value() {
    // Short training looks ten times better everywhere, with the same best place.
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    let loss = |x: f64, step: u64| (1.0 + 3.0 * (x - 0.62).powi(2)) * (step as f64 / 27.0 + 0.1);
    for number in 0..24_u64 {
        let at = (number as f64 + 0.5) / 24.0;
        let config = space.decode(&[at]);
        let mut trial = Trial::waiting(number, config);
        let steps: &[u64] = if number % 4 == 0 { &[3, 9, 27] } else { &[3] };
        trial.reports = steps
            .iter()
            .map(|&s| Report { fidelity: Fidelity(s), values: vec![loss(at, s)] })
            .collect();
        trial.state = if steps.len() > 1 { State::Complete } else { State::Paused };
        trial.values = if steps.len() > 1 { vec![loss(at, 27)] } else { Vec::new() };
        history.push(trial).unwrap();
    }
    let proposal = propose(&mut GpSampler::default(), &view(&space, &history, Some(&ladder)));
    assert!((proposal[x] - 0.62).abs() < 0.1, "{}", proposal[x]);
}

#[test]
fn the_best_lies_beside_failures_and_constraints() {
    let (space, [x, y]) = square();
    for constrained in [false, true] {
        let mut study =
            Study::builder(space.clone()).sampler(GpSampler::default()).build().unwrap();
        for _ in 0..45 {
            let asked = study.ask().unwrap();
            let (a, b) = (asked.config[x], asked.config[y]);
            // The left half is forbidden, and unconstrained optima lie there.
            let outcome = if constrained {
                Outcome::Complete { values: vec![a + 0.1 * b], constraints: vec![-a, b - 14.0] }
            } else if a < 0.0 {
                Outcome::failed("diverged")
            } else {
                Outcome::from(a + 0.1 * b)
            };
            study.tell(asked.number, outcome).unwrap();
        }
        let best = study.best().unwrap();
        assert!(best.values[0] < 0.3, "{:?}", best.values);
    }
}

/// The volume of a front between four corners of a cube, losses being the squared distances to them: .37 of
/// that below .36, mean of two runs. Random trials have .10, and a model of a scalarization drawn anew for
/// each trial has .29.
#[test]
fn of_four_objectives_each_has_a_model() {
    let mut builder = Space::builder();
    let keys: Vec<_> =
        (0..3).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let corners = [[0.3, 0.3, 0.3], [0.7, 0.7, 0.3], [0.7, 0.3, 0.7], [0.3, 0.7, 0.7]];
    let losses = |c: &Config| -> Vec<f64> {
        let apart = |corner: &[f64; 3]| -> f64 {
            keys.iter().zip(corner).map(|(key, at)| (c[*key] - at).powi(2)).sum()
        };
        corners.iter().map(apart).collect()
    };
    let share = |seed| {
        let options = GpOptions { candidates: 128, starts: 2, ..GpOptions::default() };
        let builder = Study::builder(space.clone()).directions(vec![Direction::Minimize; 4]);
        let mut study = builder.seed(seed).sampler(GpSampler::new(options)).build().unwrap();
        study.optimize(26, losses).unwrap();
        let values: Vec<&[f64]> = study.history().trials().iter().map(|t| &t.values[..]).collect();
        pareto::hypervolume(&values, &[0.36; 4]) / 0.36_f64.powi(4)
    };
    let mean = (share(0) + share(1)) / 2.0;
    assert!(mean > 0.33, "{mean}");
}

#[test]
fn two_objectives_cover_the_front() {
    let mut builder = Space::builder();
    let keys: Vec<_> =
        (0..3).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let volume = |sampler: Box<dyn Sampler>, objectives: usize| {
        let mut study = Study::builder(space.clone())
            .directions(vec![Direction::Minimize; objectives])
            .sampler(sampler)
            .build()
            .unwrap();
        study
            .optimize(35, |c| {
                let to = |p: f64| keys.iter().map(|k| (c[*k] - p).powi(2)).sum::<f64>();
                [to(0.25), to(0.7), to(0.5)][..objectives].to_vec()
            })
            .unwrap();
        let points: Vec<Vec<f64>> =
            study.history().trials().iter().map(|t| t.values.clone()).collect();
        pareto::hypervolume(&points, &vec![0.8; objectives])
    };
    for objectives in [2, 3] {
        let ours = volume(Box::<GpSampler>::default(), objectives);
        let random = volume(Box::new(automl_study::RandomSampler::uniform()), objectives);
        // The exact front of two squared distances to 0.25 and 0.7.
        let exact: Vec<Vec<f64>> = (0..=1000)
            .map(|i| {
                let p = 0.25 + 0.45 * f64::from(i) / 1000.0;
                let to = |q: f64| 3.0 * (p - q) * (p - q);
                [to(0.25), to(0.7), to(0.5)][..objectives].to_vec()
            })
            .collect();
        let all = pareto::hypervolume(&exact, &vec![0.8; objectives]);
        assert!(ours > random && ours > 0.9 * all, "{objectives}: {ours} {random} {all}");
    }
}

#[test]
fn cheap_trials_are_preferred_where_seconds_count() {
    // The value does not depend on y; the time does.
    let (space, [x, y]) = square();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..30_u64 {
        let config = space.decode(&automl_study::sobol_point(number, 2, 5));
        let (a, b) = (config[x], config[y]);
        let mut trial = told(number, config, State::Complete, vec![(a - 2.0).abs()]);
        trial.started = Some(0);
        trial.finished = Some((1e6 * (0.5 * b).exp()) as i64);
        history.push(trial).unwrap();
    }
    let options = GpOptions { per_second: true, ..GpOptions::default() };
    let cheap = propose(&mut GpSampler::new(options), &view(&space, &history, None));
    assert!(cheap[y] < 2.0, "{}", cheap[y]);
}

#[test]
fn other_modes_make_progress() {
    let (space, [x, y]) = square();
    let bound =
        GpOptions { acquisition: Acquisition::LowerConfidenceBound(2.0), ..GpOptions::default() };
    let thompson = GpOptions { acquisition: Acquisition::Thompson, ..GpOptions::default() };
    for sampler in
        [bound, thompson].map(GpSampler::new).into_iter().chain([GpSampler::trust_region()])
    {
        let mut study = Study::builder(space.clone()).sampler(sampler).build().unwrap();
        study.optimize(40, |c| branin(c[x], c[y])).unwrap();
        let regret = study.best().unwrap().values[0] - 0.397_887_357_7;
        assert!(regret < 0.5, "{regret}");
    }
}

#[test]
fn thompson_samples_keep_constraints_and_cover_a_front() {
    let (space, [x, y]) = square();
    let options = GpOptions { acquisition: Acquisition::Thompson, ..GpOptions::default() };
    let minimize = Direction::Minimize;
    let mut history = History::new(vec![minimize, minimize]);
    let mut sampler = GpSampler::new(options);
    for number in 0..40 {
        let config = propose(&mut sampler, &view(&space, &history, None));
        let (a, b) = (config[x], config[y]);
        let values = vec![(a - 1.0).powi(2) + b, (a - 4.0).powi(2) + b];
        let mut trial = told(number, config, State::Complete, values);
        // Two thirds of the square are forbidden, the best of both objectives among them.
        trial.constraints = vec![5.0 - b];
        history.push(trial).unwrap();
    }
    let late = &history.trials()[20..];
    let kept = late.iter().filter(|trial| trial.constraints[0] <= 0.0).count();
    assert!(kept >= 12, "{kept}");
    let good = late.iter().filter(|t| (0.0..=5.0).contains(&t.config[x]) && t.config[y] < 9.0);
    assert!(good.clone().count() >= 10, "{}", good.count());
}

#[test]
fn users_priors_are_followed_at_first() {
    let mut builder = Space::builder();
    let x = builder
        .float("x", 0.0..=1.0)
        .prior(automl_space::Prior::Normal { mean: 0.8, sd: 0.05 })
        .add()
        .unwrap();
    let space = builder.build().unwrap();
    let mut study = Study::builder(space).sampler(GpSampler::default()).build().unwrap();
    study.optimize(14, |_| 1.0).unwrap();
    let near = study.history().trials().iter().filter(|t| (t.config[x] - 0.8).abs() < 0.25).count();
    assert!(near >= 12, "{near}");
}

#[test]
fn a_finite_space_is_gone_through() {
    let mut builder = Space::builder();
    let a = builder.int("a", 0..=5).add().unwrap();
    let b = builder.choice("b", ["p", "q", "r"]).add().unwrap();
    let space = builder.build().unwrap();
    let mut study = Study::builder(space).sampler(GpSampler::default()).build().unwrap();
    study.optimize(18, |c| (c[a] as f64 - 3.0).powi(2) + c[b] as f64).unwrap();
    assert_eq!(study.history().distinct(), 18);
    let early = study.history().trials().iter().position(|t| t.values == [0.0]).unwrap();
    assert!(early < 16, "{early}");
}

#[test]
fn mixed_spaces_with_outliers_failures_and_constants() {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
    let x = builder.float("x", 0.0..=1.0).when(kind, "a").add().unwrap();
    builder.int("k", 1..=9).add().unwrap();
    let space = builder.build().unwrap();
    for mode in 0..3 {
        let mut study =
            Study::builder(space.clone()).sampler(GpSampler::default()).build().unwrap();
        let mut count = 0;
        study
            .optimize(25, |c| {
                count += 1;
                match (mode, count % 5) {
                    (0, 0) => f64::NAN,
                    (0, 1) => 1e30,
                    (1, _) => 3.0,
                    (2, 0) => f64::INFINITY,
                    _ => c.get(x).unwrap_or(2.0),
                }
            })
            .unwrap();
        assert_eq!(study.history().distinct(), 25);
    }
}

/// One changed category of several says as much of the others as one number does.
#[test]
fn categories_are_learnt_one_by_one() {
    let mut builder = Space::builder();
    let keys: Vec<_> = (0..8)
        .map(|i| builder.choice(&format!("c{i}"), ["a", "b", "c", "d"]).add().unwrap())
        .collect();
    let space = builder.build().unwrap();
    let mut study = Study::builder(space).sampler(GpSampler::default()).build().unwrap();
    let loss = |c: &Config| keys.iter().map(|k| if c[*k] == 2 { 0.0 } else { 1.0 }).sum::<f64>();
    study.optimize(50, |c| loss(c)).unwrap();
    // 65,536 configurations, of which one has no wrong category and 24 have one.
    assert!(study.best().unwrap().values[0] <= 1.0, "{:?}", study.best());
}

/// A loss of minus infinity does not hide how the others differ.
#[test]
fn a_loss_of_minus_infinity_hides_nothing() {
    let (space, [x, y]) = square();
    let best = |seed: u64| {
        let mut history = History::new(vec![Direction::Minimize]);
        for number in 0..40_u64 {
            let view = View { seed, ..view(&space, &history, None) };
            let mut rng = stream(seed, number, "propose");
            let config = GpSampler::default().propose(&view, &mut rng).unwrap();
            let value = if number == 3 { f64::NEG_INFINITY } else { branin(config[x], config[y]) };
            history.push(told(number, config, State::Complete, vec![value])).unwrap();
        }
        let finite = history.trials().iter().map(|t| t.values[0]).filter(|v| v.is_finite());
        finite.fold(f64::INFINITY, f64::min)
    };
    let mut best: Vec<f64> = (0..5).map(best).collect();
    best.sort_by(f64::total_cmp);
    // The least value is .398.
    assert!(best[2] < 0.9, "{best:?}");
}

/// An optimum at the border of what is allowed is climbed to, not jumped over.
#[test]
fn ascents_turn_back_at_constraints() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let y = builder.float("y", 0.0..=1.0).add().unwrap();
    builder.require("x + y <= 1").unwrap();
    let space = builder.build().unwrap();
    for seed in 0..5 {
        let sampler = GpSampler::default();
        let mut study = Study::builder(space.clone()).seed(seed).sampler(sampler).build().unwrap();
        study.optimize(20, |c| (c[x] - 0.7).powi(2) + (c[y] - 0.6).powi(2)).unwrap();
        // The nearest allowed point is (.55, .45), where the loss is .045.
        let best = study.best().unwrap().values[0];
        assert!(best < 0.04501, "{best}");
    }
}

/// The least distance in the unit square between two of eight proposals at once, after 40 trials, over
/// ten seeds.
fn least_distance(loss: impl Fn(f64, f64) -> f64) -> f64 {
    let (space, [x, y]) = square();
    let mut least = f64::INFINITY;
    for seed in 0..10 {
        let sampler = GpSampler::default();
        let mut study = Study::builder(space.clone()).seed(seed).sampler(sampler).build().unwrap();
        study.optimize(40, |c| loss(c[x], c[y])).unwrap();
        let batch: Vec<Vec<f64>> =
            (0..8).map(|_| space.encode(&study.ask().unwrap().config).unit).collect();
        for (i, a) in batch.iter().enumerate() {
            for b in &batch[..i] {
                let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
                least = least.min(squares.sum::<f64>().sqrt());
            }
        }
    }
    least
}

#[test]
fn no_two_proposals_of_a_batch_tell_the_same() {
    assert!(least_distance(branin) >= 1e-3);
    // Nearly flat around the optimum, where the model is certain.
    assert!(least_distance(|x, y| (0.1 * x).powi(4) + (0.1 * y).powi(4)) >= 1e-3);
}
