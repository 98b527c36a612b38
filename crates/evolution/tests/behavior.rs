//! The samplers on problems with known solutions.
#![allow(clippy::unwrap_used)]

use automl_evolution::{
    CmaEsSampler, Nsga2Sampler, PolicyGradientSampler, RegularizedEvolutionSampler,
};
use automl_numeric::pareto;
use automl_numeric::stream;
use automl_space::{Config, Key, Space};
use automl_study::{
    AskError, Direction, Fidelity, History, Outcome, ProposeError, RandomSampler, Report, Sampler,
    State, Study, Trial, TrialId, View,
};
use std::collections::VecDeque;
use std::f64::consts::PI;

fn cube(d: usize, low: f64, high: f64) -> (Space, Vec<Key<f64>>) {
    let mut builder = Space::builder();
    let keys = (0..d).map(|i| builder.float(&format!("x{i}"), low..=high).add().unwrap()).collect();
    (builder.build().unwrap(), keys)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median over seeds of the best loss, with parallel workers.
fn best(
    space: &Space,
    sampler: impl Fn() -> Box<dyn Sampler>,
    trials: u64,
    workers: usize,
    loss: impl Fn(&Config) -> f64,
) -> f64 {
    let run = |seed| {
        let builder =
            Study::builder(space.clone()).seed(seed).sampler(sampler()).planned_trials(trials);
        let mut study = builder.build().unwrap();
        let mut open = VecDeque::new();
        for _ in 0..trials {
            let asked = study.ask().unwrap();
            open.push_back((asked.number, loss(&asked.config)));
            if open.len() >= workers {
                // Workers finish out of order.
                let i = asked.number.index() * 7 % open.len();
                let (number, loss) = open.remove(i).unwrap();
                study.tell(number, loss).unwrap();
            }
        }
        for (number, loss) in open {
            study.tell(number, loss).unwrap();
        }
        study.best().unwrap().values[0]
    };
    median((0..5).map(run).collect())
}

/// A constructor of a sampler.
type Maker = fn() -> Box<dyn Sampler>;

fn cma() -> Box<dyn Sampler> {
    Box::new(CmaEsSampler::default())
}
fn nsga2() -> Box<dyn Sampler> {
    Box::new(Nsga2Sampler::default())
}
fn evolution() -> Box<dyn Sampler> {
    Box::new(RegularizedEvolutionSampler::default())
}
fn controller() -> Box<dyn Sampler> {
    Box::new(PolicyGradientSampler::default())
}
fn random() -> Box<dyn Sampler> {
    Box::new(RandomSampler::uniform())
}

#[test]
fn cma_es_converges_within_bounds_also_with_workers() {
    let (space, keys) = cube(5, -5.0, 5.0);
    let sphere = |config: &Config| keys.iter().map(|key| (config[*key] - 1.0).powi(2)).sum::<f64>();
    for workers in [1, 5] {
        let found = best(&space, cma, 800, workers, sphere);
        assert!(found < 1e-8, "{workers} workers: {found}");
    }
    // The optimum in a corner.
    let found = best(&space, cma, 600, 1, |config| keys.iter().map(|key| config[*key]).sum());
    assert!(found < -25.0 + 1e-3, "{found}");
}

#[test]
fn cma_es_follows_a_rosenbrock_valley() {
    let (space, keys) = cube(5, -2.0, 2.0);
    let found = best(&space, cma, 4000, 1, |config| {
        let x: Vec<f64> = keys.iter().map(|key| config[*key]).collect();
        x.windows(2).map(|p| 100.0 * (p[1] - p[0] * p[0]).powi(2) + (1.0 - p[0]).powi(2)).sum()
    });
    assert!(found < 1e-8, "{found}");
}

#[test]
fn cma_es_solves_mixed_and_conditional_spheres() {
    let mut builder = Space::builder();
    let x = builder.float("x", -4.0..=4.0).add().unwrap();
    let y = builder.float("y", -4.0..=4.0).add().unwrap();
    let n = builder.int("n", -10..=10).add().unwrap();
    let m = builder.int("m", -10..=10).add().unwrap();
    let bit = builder.int("bit", 0..=1).add().unwrap();
    let kind = builder.choice("kind", ["a", "b", "c", "d"]).add().unwrap();
    let z = builder.float("z", 0.0..=1.0).when(kind, "c").add().unwrap();
    let space = builder.build().unwrap();
    let loss = |config: &Config| {
        let whole = |key| config[key] as f64;
        (config[x] - 1.0).powi(2)
            + (config[y] + 2.0).powi(2)
            + (whole(n) - 7.0).powi(2)
            + (whole(m) + 3.0).powi(2)
            + (1.0 - whole(bit))
            + config.get(z).map_or(2.0, |z| (z - 0.3).powi(2))
    };
    let found = best(&space, cma, 1500, 1, loss);
    assert!(found < 0.02, "{found}");
}

#[test]
fn several_objectives_are_refused_by_cma_es() {
    let (space, _) = cube(2, 0.0, 1.0);
    let builder = Study::builder(space).directions(vec![Direction::Minimize; 2]);
    let asked = builder.sampler(CmaEsSampler::default()).build().unwrap().ask();
    let refused =
        ProposeError::Unsupported { sampler: "CMA-ES", what: "several objectives".to_owned() };
    assert!(matches!(asked, Err(AskError::Propose(error)) if error == refused));
}

/// Losses of a point of the unit cube.
type Losses = fn(&[f64]) -> Vec<f64>;

/// The median share of the hypervolume of the exact front.
fn share(
    problem: (usize, Losses),
    sampler: fn() -> Box<dyn Sampler>,
    trials: u64,
    reference: &[f64],
    exact: f64,
) -> f64 {
    let (space, keys) = cube(problem.0, 0.0, 1.0);
    let run = |seed| {
        let mut study = Study::builder(space.clone())
            .seed(seed)
            .directions(vec![Direction::Minimize; reference.len()])
            .sampler(sampler())
            .build()
            .unwrap();
        let loss = |config: &Config| {
            let x: Vec<f64> = keys.iter().map(|key| config[*key]).collect();
            Outcome::from(problem.1(&x))
        };
        study.optimize(trials, loss).unwrap();
        let front: Vec<&[f64]> = study.front().iter().map(|t| t.values.as_slice()).collect();
        pareto::hypervolume(&front, reference) / exact
    };
    median((0..3).map(run).collect())
}

fn zdt1(x: &[f64]) -> Vec<f64> {
    let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
    vec![x[0], g * (1.0 - (x[0] / g).sqrt())]
}

fn dtlz2(x: &[f64]) -> Vec<f64> {
    let g: f64 = x[2..].iter().map(|x| (x - 0.5).powi(2)).sum();
    let (a, b) = (x[0] * PI / 2.0, x[1] * PI / 2.0);
    vec![(1.0 + g) * a.cos() * b.cos(), (1.0 + g) * a.cos() * b.sin(), (1.0 + g) * a.sin()]
}

#[test]
fn nsga2_reaches_the_fronts_of_zdt1_and_dtlz2() {
    // Against (1.1, 1.1) the front 1 - sqrt(x) leaves 1/3 of the square and the margins: 0.8767.
    let exact = 1.1 * 1.1 - 1.0 / 3.0;
    let reached = share((10, zdt1), nsga2, 3000, &[1.1, 1.1], exact);
    let blind = share((10, zdt1), random, 3000, &[1.1, 1.1], exact);
    assert!(reached > 0.95 && blind < 0.6, "{reached} {blind}");
    // The octant of the unit sphere.
    let exact = 1.1_f64.powi(3) - PI / 6.0;
    let reached = share((7, dtlz2), nsga2, 2000, &[1.1; 3], exact);
    assert!(reached > 0.88, "{reached}");
}

#[test]
fn constraints_are_met_and_failures_avoided() {
    let (space, keys) = cube(2, 0.0, 1.0);
    // Regularized evolution changes one parameter at a time, and the controller models no
    // correlations: both are slow along an oblique border.
    for (sampler, most) in
        [(cma as Maker, 0.51), (nsga2, 0.51), (evolution, 0.6), (controller, 0.6)]
    {
        let mut study = Study::builder(space.clone()).seed(4).sampler(sampler()).build().unwrap();
        for _ in 0..300 {
            let asked = study.ask().unwrap();
            let (x, y) = (asked.config[keys[0]], asked.config[keys[1]]);
            let outcome = if x < 0.2 {
                Outcome::failed("diverged")
            } else {
                let values = vec![(1.0 - x).powi(2) + (1.0 - y).powi(2)];
                Outcome::Complete { values, constraints: vec![x + y - 1.0] }
            };
            study.tell(asked.number, outcome).unwrap();
        }
        let best = study.best().unwrap();
        assert!(best.is_feasible() && best.values[0] < most, "{best:?}");
    }
}

#[test]
fn samplers_learn_from_paused_trials() {
    let (space, keys) = cube(3, 0.0, 1.0);
    for sampler in [cma, nsga2, evolution, controller] {
        let mut sampler = sampler();
        let mut history = History::new(vec![Direction::Minimize]);
        for number in 0..200_u64 {
            let view = View {
                space: &space,
                history: &history,
                number: TrialId(number),
                seed: 5,
                planned_trials: None,
                ladder: None,
                target: None,
            };
            let config = sampler.propose(&view, &mut stream(5, number, "propose")).unwrap();
            let loss: f64 = keys.iter().map(|key| (config[*key] - 0.7).powi(2)).sum();
            let mut trial = Trial::waiting(number, config);
            trial.state = State::Paused;
            trial.reports = vec![Report { fidelity: Fidelity(1), values: vec![loss] }];
            history.push(trial).unwrap();
        }
        let distance = |trial: &Trial| -> f64 {
            keys.iter().map(|key| (trial.config[*key] - 0.7).powi(2)).sum::<f64>().sqrt()
        };
        // A random point lies .54 away in the median.
        let late = median(history.trials()[150..].iter().map(distance).collect());
        assert!(late < 0.35, "{late}");
    }
}

#[test]
fn regularized_evolution_solves_a_discrete_space() {
    let mut builder = Space::builder();
    let keys: Vec<Key<usize>> = (0..8)
        .map(|i| builder.choice(&format!("c{i}"), ["a", "b", "c", "d", "e"]).add().unwrap())
        .collect();
    let space = builder.build().unwrap();
    let loss = |config: &Config| {
        keys.iter().enumerate().filter(|(i, key)| config[**key] != i % 5).count() as f64
    };
    let (found, blind) =
        (best(&space, evolution, 300, 1, loss), best(&space, random, 300, 1, loss));
    assert!(found <= 1.0 && blind >= 3.0, "{found} {blind}");
}

#[test]
fn the_controller_learns_choices_and_numbers() {
    let mut builder = Space::builder();
    let kinds: Vec<Key<usize>> = (0..6)
        .map(|i| builder.choice(&format!("c{i}"), ["a", "b", "c", "d", "e"]).add().unwrap())
        .collect();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let z = builder.float("z", 0.0..=1.0).when(kinds[0], "a").add().unwrap();
    let space = builder.build().unwrap();
    let loss = |config: &Config| {
        kinds.iter().enumerate().filter(|(i, key)| config[**key] != i % 5).count() as f64
            + 4.0 * (config[x] - 0.8).powi(2)
            + config.get(z).map_or(1.0, |z| (z - 0.2).powi(2))
    };
    let found = best(&space, controller, 300, 1, loss);
    let blind = best(&space, random, 300, 1, loss);
    assert!(found < 1.2 && found < 0.5 * blind, "{found} {blind}");
}
