//! What the names of the methods promise, on histories where a sampler without the part does something
//! else.
//!
//! Counts are of `N` proposals of independent streams; the comments give the share with and without the
//! part, and the bounds lie at least four standard errors, `4 sqrt(p (1 - p) / N)`, from both.
#![allow(clippy::unwrap_used)]

use automl_evolution::{
    CmaEs, CmaEsConfig, CmaEsSampler, Nsga2Config, Nsga2Sampler, PolicyGradientConfig,
    PolicyGradientSampler, RegularizedEvolutionSampler,
};
use automl_numeric::{pareto, stream};
use automl_space::{Config, Key, Space, Value};
use automl_study::{Direction, History, Sampler, State, Study, Trial, View};
use rand::RngExt;
use std::f64::consts::PI;

/// Proposals of a test; the standard error of a share is at most 3.5 %.
const N: u64 = 200;

fn complete(history: &mut History, config: Config, values: Vec<f64>) {
    let mut trial = Trial::waiting(history.next_id(), config);
    (trial.state, trial.values) = (State::Complete, values);
    history.push(trial).unwrap();
}

fn proposals(space: &Space, history: &History, make: impl Fn() -> Box<dyn Sampler>) -> Vec<Config> {
    let propose = |seed: u64| {
        let view = View {
            space,
            history,
            number: history.next_id(),
            seed,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        make().propose(&view, &mut stream(seed, 0, "propose")).unwrap()
    };
    (0..N).map(propose).collect()
}

fn share(proposals: &[Config], property: impl Fn(&Config) -> bool) -> f64 {
    proposals.iter().filter(|config| property(config)).count() as f64 / proposals.len() as f64
}

fn choices(d: usize) -> Space {
    let mut builder = Space::builder();
    for i in 0..d {
        builder.choice(&format!("c{i}"), ["a", "b", "c", "d"]).add().unwrap();
    }
    builder.build().unwrap()
}

fn of(choices: &[usize]) -> Config {
    let mut config = Config::empty(choices.len());
    for (i, choice) in choices.iter().enumerate() {
        config.set(i, Some(Value::Category(*choice)));
    }
    config
}

fn differences(config: &Config, other: &[usize]) -> usize {
    let differs = |(i, choice): (usize, &usize)| config.value(i) != Some(Value::Category(*choice));
    other.iter().enumerate().filter(|(i, choice)| differs((*i, *choice))).count()
}

/// Ageing: the best trial of all is older than the population, so no child is its mutation; and what
/// is left of the population is its youngest members.
#[test]
fn the_oldest_dies_however_good_it_is() {
    let space = choices(10);
    let mut history = History::new(vec![Direction::Minimize]);
    complete(&mut history, of(&[0; 10]), vec![0.0]);
    for i in 0..30_usize {
        let mut config = [1; 10];
        (config[i % 10], config[(i / 10 + i) % 10]) = (2, 3);
        complete(&mut history, of(&config), vec![10.0 - 0.1 * i as f64]);
    }
    let make = || Box::<RegularizedEvolutionSampler>::default() as Box<dyn Sampler>;
    for child in proposals(&space, &history, make) {
        assert!(differences(&child, &[0; 10]) >= 9, "{child:?}");
        assert!(differences(&child, &[1; 10]) <= 3, "{child:?}");
    }
}

/// With a tournament as large as the population the parent is the best in `1 - (19/20)^20`, 64 %, and
/// one of the best three in 96 % of the cases; without selection in 5 and 15 %. A child differs from
/// its parent in one parameter.
#[test]
fn the_best_of_the_tournament_has_the_child() {
    let space = choices(12);
    let mut history = History::new(vec![Direction::Minimize]);
    let member = |i: u64| -> Vec<usize> {
        let mut rng = stream(1, i, "member");
        (0..12).map(|_| rng.random_range(0..4)).collect()
    };
    let members: Vec<Vec<usize>> = (0..20).map(member).collect();
    for (i, member) in members.iter().enumerate() {
        complete(&mut history, of(member), vec![((i * 7) % 20) as f64]);
    }
    let make = || Box::<RegularizedEvolutionSampler>::default() as Box<dyn Sampler>;
    let children = proposals(&space, &history, make);
    let is_child = |child: &Config, i: usize| differences(child, &members[i]) == 1;
    // The losses 0, 1 and 2 are those of trials 0, 3 and 6.
    let (best, good) = (
        share(&children, |child| is_child(child, 0)),
        share(&children, |child| [0, 3, 6].iter().any(|i| is_child(child, *i))),
    );
    assert!((0.5..0.78).contains(&best) && good > 0.88, "{best} {good}");
    assert!(children.iter().all(|child| (0..20).any(|i| is_child(child, i))));
}

/// Children of NSGA-II without crossover are near one parent: of a front half of which is crowded into
/// one place, the others survive and have nearly all children.
#[test]
fn crowded_points_of_a_front_do_not_survive() {
    let mut builder = Space::builder();
    let keys: Vec<Key<f64>> =
        (0..6).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let config = Nsga2Config { population: 20, crossover_rate: 0.0, ..Default::default() };
    let make = || Box::new(Nsga2Sampler::new(config.clone())) as Box<dyn Sampler>;
    let mut history = History::new(vec![Direction::Minimize; 2]);
    for i in 0..40_u64 {
        // The crowd is at the left of the space, and in the middle of the front.
        let is_crowd = i % 2 == 0;
        let t = if is_crowd { 0.5 + 1e-4 * i as f64 } else { i as f64 / 39.0 };
        let x = if is_crowd { 0.2 } else { 0.8 };
        let unit: Vec<f64> = (0..6).map(|j| x + 0.01 * ((i + j) % 5) as f64).collect();
        complete(&mut history, space.decode(&unit), vec![t, 1.0 - t]);
    }
    let is_spread = |child: &Config| keys.iter().filter(|key| child[**key] > 0.5).count() >= 4;
    let spread = share(&proposals(&space, &history, make), is_spread);
    assert!(spread > 0.85, "{spread}");
}

/// Of two fronts the better one survives, though its points are crowded.
#[test]
fn the_better_front_survives() {
    let mut builder = Space::builder();
    let keys: Vec<Key<f64>> =
        (0..6).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    for objectives in [2, 4] {
        let config = Nsga2Config { population: 20, crossover_rate: 0.0, ..Default::default() };
        let make = || Box::new(Nsga2Sampler::new(config.clone())) as Box<dyn Sampler>;
        let mut history = History::new(vec![Direction::Minimize; objectives]);
        for i in 0..40_u64 {
            let is_good = i % 2 == 0;
            let (x, level) = if is_good { (0.2, 1.0) } else { (0.8, 3.0) };
            let unit: Vec<f64> = (0..6).map(|j| x + 0.01 * ((i + j) % 5) as f64).collect();
            let spread = if is_good { 0.01 } else { 1.0 };
            let t = spread * (i as f64 / 40.0 - 0.5);
            let mut values = vec![level + t, level - t];
            values.resize(objectives, level);
            complete(&mut history, space.decode(&unit), values);
        }
        let is_good = |child: &Config| keys.iter().filter(|key| child[**key] < 0.5).count() >= 4;
        let good = share(&proposals(&space, &history, make), is_good);
        assert!(good > 0.95, "{objectives}: {good}");
    }
}

/// Of four objectives NSGA-II covers the front: after 600 evaluations it has twice the volume of
/// random search, where crowding distances alone have about as much as it.
#[test]
fn reference_points_cover_a_front_of_four_objectives() {
    let mut builder = Space::builder();
    let keys: Vec<Key<f64>> =
        (0..8).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let dtlz2 = |config: &Config| {
        let x: Vec<f64> = keys.iter().map(|key| config[*key]).collect();
        let g: f64 = x[3..].iter().map(|x| (x - 0.5).powi(2)).sum();
        let (a, b, c) = (x[0] * PI / 2.0, x[1] * PI / 2.0, x[2] * PI / 2.0);
        [
            (1.0 + g) * a.cos() * b.cos() * c.cos(),
            (1.0 + g) * a.cos() * b.cos() * c.sin(),
            (1.0 + g) * a.cos() * b.sin(),
            (1.0 + g) * a.sin(),
        ]
    };
    let volume = |sampler: Box<dyn Sampler>| {
        let mut study = Study::builder(space.clone())
            .directions(vec![Direction::Minimize; 4])
            .seed(1)
            .sampler(sampler)
            .build()
            .unwrap();
        study.optimize(600, dtlz2).unwrap();
        let front: Vec<&[f64]> = study.front().iter().map(|t| t.values.as_slice()).collect();
        pareto::hypervolume(&front, &[1.1; 4])
    };
    let ours = volume(Box::<Nsga2Sampler>::default());
    let blind = volume(Box::new(automl_study::RandomSampler::uniform()));
    assert!(ours > 0.8 && ours > 1.4 * blind, "{ours} {blind}");
}

/// The margin: numbers converge first, and the integers with 10,000 times less weight are found after
/// that. Without the margin they stay where they were when their distribution had collapsed.
#[test]
fn the_margin_keeps_integers_moving() {
    let mut builder = Space::builder();
    let floats = ["x", "y"].map(|name| builder.float(name, -5.0..=5.0).add().unwrap());
    let ints = ["a", "b", "c"].map(|name| builder.int(name, 0..=30).add().unwrap());
    let space = builder.build().unwrap();
    let loss = |config: &Config| {
        let far: f64 = floats.iter().map(|key| (config[*key] - 1.0).powi(2)).sum();
        1e4 * far + ints.iter().map(|key| (config[*key] - 27).abs() as f64).sum::<f64>()
    };
    let solved = (0..5).filter(|seed| {
        let sampler = CmaEsSampler::new(CmaEsConfig { sigma: 0.1, ..CmaEsConfig::default() });
        let builder = Study::builder(space.clone()).seed(*seed).sampler(sampler);
        let mut study = builder.build().unwrap();
        study.optimize(1500, loss).unwrap();
        study.best().unwrap().values[0] < 1.0
    });
    assert!(solved.count() >= 4);
}

/// A choice that does worse than the average becomes rarer, one that does better more frequent; without
/// the baseline every choice that was tried becomes more frequent.
#[test]
fn the_baseline_makes_bad_choices_rarer() {
    let space = choices(1);
    let mut history = History::new(vec![Direction::Minimize]);
    // "a" is in the lower half, though not the worst; "d" is tried once, with a loss in the middle.
    for i in 0..40_usize {
        let (choice, loss) = match i % 10 {
            0..=3 => (0, 6.0),
            4 => (1, 9.0),
            _ => (2, 1.0),
        };
        complete(&mut history, of(&[choice]), vec![loss]);
    }
    // The space has four configurations, all seen: repetitions are drawn from the controller.
    let config = PolicyGradientConfig {
        exploration: 0.0,
        learning_rate: 0.1,
        epochs: 1,
        ..Default::default()
    };
    let make = || Box::new(PolicyGradientSampler::new(config.clone())) as Box<dyn Sampler>;
    complete(&mut history, of(&[3]), vec![5.0]);
    let drawn = proposals(&space, &history, make);
    let of_choice = |choice: usize| share(&drawn, |c| c.value(0) == Some(Value::Category(choice)));
    assert!(of_choice(0) < of_choice(3), "{} {}", of_choice(0), of_choice(3));
}

/// The step size grows on a slope, and the covariance becomes long along it: from a start with equal
/// deviations, 60 generations on a ridge of condition 10^4 learn its shape up to a factor of three.
#[test]
fn step_size_and_covariance_adapt() {
    let run = |f: &dyn Fn(&[f64]) -> f64, generations: usize| {
        let mut es = CmaEs::new(&[0.0, 0.0, 0.0], 0.1, 10, false);
        let mut rng = stream(3, 0, "test");
        for _ in 0..generations {
            let mut points: Vec<Vec<f64>> = (0..10).map(|_| es.sample(&mut rng)).collect();
            points.sort_by(|a, b| f(a).total_cmp(&f(b)));
            es.update(&points);
        }
        es
    };
    let slope = run(&|x| x.iter().sum(), 20);
    assert!(slope.sigma() > 0.5, "{}", slope.sigma());
    let ellipsoid = |x: &[f64]| {
        x.iter().enumerate().map(|(i, x)| 1e2_f64.powi(i as i32) * (x - 1.0).powi(2)).sum()
    };
    let es = run(&ellipsoid, 60);
    // Deviations are as the inverse roots of the eigenvalues 1, 100 and 10^4.
    for i in 0..2 {
        let ratio = es.deviation(i) / es.deviation(i + 1);
        assert!((10.0 / 3.0..30.0).contains(&ratio), "{i}: {ratio}");
    }
    assert!(es.sigma() < 0.05);
}

/// A crossover of two distant parents has children between them: about half of the pairs are of both
/// kinds.
#[test]
fn crossover_mixes_two_parents() {
    let space = choices(12);
    let mut history = History::new(vec![Direction::Minimize; 2]);
    for i in 0..20_usize {
        let (choice, values) = if i % 2 == 0 { (0, [0.0, 1.0]) } else { (1, [1.0, 0.0]) };
        let mut config = [choice; 12];
        config[i / 2] = 2;
        complete(&mut history, of(&config), values.to_vec());
    }
    let mixed = |rate: f64| {
        let config = Nsga2Config { population: 20, crossover_rate: rate, ..Default::default() };
        let make = || Box::new(Nsga2Sampler::new(config.clone())) as Box<dyn Sampler>;
        let is_mixed = |c: &Config| differences(c, &[0; 12]) >= 4 && differences(c, &[1; 12]) >= 4;
        share(&proposals(&space, &history, make), is_mixed)
    };
    let (without, with) = (mixed(0.0), mixed(1.0));
    // Without crossover some children are uniform draws, in place of repetitions.
    assert!(without < 0.2 && with > 0.4, "{without} {with}");
}

/// Known results of a problem with its optimum nearby: 60 trials after a warm start end lower than those
/// after a start from the best known trial, and than those from nothing, on each of most seeds.
#[test]
fn known_results_are_a_warm_start() {
    let mut builder = Space::builder();
    let keys: Vec<Key<f64>> =
        (0..6).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    // A narrow oblique valley.
    let loss = |config: &Config, c: f64| {
        let x: Vec<f64> = keys.iter().map(|key| config[*key] - c).collect();
        let sum: f64 = x.iter().sum();
        sum.powi(2) + 100.0 * x.iter().map(|x| (x - sum / 6.0).powi(2)).sum::<f64>()
    };
    let run = |seed: u64, warm_start: usize| {
        let config = CmaEsConfig { warm_start, ..CmaEsConfig::default() };
        let builder = Study::builder(space.clone()).seed(seed);
        let mut study = builder.sampler(CmaEsSampler::new(config)).build().unwrap();
        for i in 0..200 {
            let known = space.sample(&mut stream(seed, i, "known"));
            let value = loss(&known, 0.62);
            study.add_trial(known, value).unwrap();
        }
        study.optimize(60, |config| loss(config, 0.6)).unwrap();
        let own = &study.history().trials()[200..];
        own.iter().map(|trial| trial.values[0]).fold(f64::INFINITY, f64::min)
    };
    let better = (0..8).filter(|seed| run(*seed, 200) < run(*seed, 0)).count();
    assert!(better >= 6, "{better} of 8");
}

/// Where all violate the constraints, those that violate them least survive, whatever the losses say.
#[test]
fn the_least_violation_survives() {
    let mut builder = Space::builder();
    let keys: Vec<Key<f64>> =
        (0..6).map(|i| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let config = Nsga2Config { population: 20, crossover_rate: 0.0, ..Default::default() };
    let make = || Box::new(Nsga2Sampler::new(config.clone())) as Box<dyn Sampler>;
    let mut history = History::new(vec![Direction::Minimize; 2]);
    for i in 0..40_u64 {
        let (x, loss, violation) = if i % 2 == 0 { (0.8, 1.0, 5.0) } else { (0.2, 9.0, 0.5) };
        let unit: Vec<f64> = (0..6).map(|j| x + 0.01 * ((i + j) % 5) as f64).collect();
        let mut trial = Trial::waiting(history.next_id(), space.decode(&unit));
        (trial.state, trial.values) = (State::Complete, vec![loss, loss]);
        trial.constraints = vec![violation + 0.01 * i as f64];
        history.push(trial).unwrap();
    }
    let is_near = |child: &Config| keys.iter().filter(|key| child[**key] < 0.5).count() >= 4;
    let near = share(&proposals(&space, &history, make), is_near);
    assert!(near > 0.95, "{near}");
}

/// Trials that were set aside have no children, though they are the youngest.
#[test]
fn what_was_set_aside_is_no_parent() {
    let space = choices(12);
    let mut history = History::new(vec![Direction::Minimize]);
    for i in 0..40_usize {
        let mut config = [i / 20; 12];
        (config[i % 12], config[(i + 1 + i / 12) % 12]) = (2, 3);
        let mut trial = Trial::waiting(history.next_id(), of(&config));
        (trial.state, trial.values) = (State::Complete, vec![i as f64]);
        let trial = if i < 20 { trial } else { trial.set_aside("made up") };
        history.push(trial).unwrap();
    }
    let make = || Box::<RegularizedEvolutionSampler>::default() as Box<dyn Sampler>;
    for child in proposals(&space, &history, make) {
        assert!(differences(&child, &[0; 12]) <= 3, "{child:?}");
    }
}
