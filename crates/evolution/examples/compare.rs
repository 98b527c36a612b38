//! Comparison of the evolutionary samplers on six spaces: median of the best loss over eleven seeds.
//!
//! `cargo run --release -p automl-evolution --example compare -- 100`
#![allow(clippy::print_stdout)]

use automl_evolution::{
    CmaEsSampler, Nsga2Sampler, PolicyGradientSampler, RegularizedEvolutionSampler,
};
use automl_space::{Config, Key, Space, SpaceError};
use automl_study::{RandomSampler, Sampler, Study};
use std::error::Error;
use std::f64::consts::{E, PI};

struct Problem {
    name: &'static str,
    space: Space,
    loss: Box<dyn Fn(&Config) -> f64>,
}

fn over(
    name: &'static str,
    d: usize,
    bounds: (f64, f64),
    f: fn(&[f64]) -> f64,
) -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    let keys = (0..d).map(|i| builder.float(&format!("x{i}"), bounds.0..=bounds.1).add());
    let keys: Vec<Key<f64>> = keys.collect::<Result<_, _>>()?;
    let loss = move |config: &Config| f(&keys.iter().map(|key| config[*key]).collect::<Vec<_>>());
    Ok(Problem { name, space: builder.build()?, loss: Box::new(loss) })
}

/// Regret over the minimum 0.397887.
fn branin(x: &[f64]) -> f64 {
    let (a, b) = (15.0 * x[0] - 5.0, 15.0 * x[1]);
    (b - 5.1 / (4.0 * PI * PI) * a * a + 5.0 / PI * a - 6.0).powi(2)
        + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos()
        + 10.0
        - 0.397_887_357_729_738
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|p| 100.0 * (p[1] - p[0] * p[0]).powi(2) + (1.0 - p[0]).powi(2)).sum()
}

fn ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let squares = x.iter().map(|x| x * x).sum::<f64>() / n;
    let waves = x.iter().map(|x| (2.0 * PI * x).cos()).sum::<f64>() / n;
    20.0 + E - 20.0 * (-0.2 * squares.sqrt()).exp() - waves.exp()
}

/// Floats, integers and choices that depend on each other.
fn mixed() -> Result<Problem, SpaceError> {
    let mut b = Space::builder();
    let rate = b.float("rate", 1e-5..=1.0).log().add()?;
    let decay = b.float("decay", 0.0..=1.0).add()?;
    let depth = b.int("depth", 1..=20).add()?;
    let width = b.int("width", 4..=512).log().add()?;
    let kind = b.choice("kind", ["a", "b", "c", "d"]).add()?;
    let skip = b.choice("skip", [true, false]).add()?;
    let loss = move |c: &Config| {
        let offset = [0.0, 0.7, -0.5, 1.0][c[kind]];
        (c[rate].log10() + 2.5 - offset).powi(2)
            + (4.0 * (c[decay] - 0.3)).powi(2)
            + (0.3 * (c[depth] as f64 - 7.0 - 3.0 * offset)).powi(2)
            + (0.8 * ((c[width] as f64 / 64.0).log2())).powi(2)
            + [0.8, 0.0, 0.5, 1.0][c[kind]]
            + 0.4 * c[skip] as f64
    };
    Ok(Problem { name: "mixed", space: b.build()?, loss: Box::new(loss) })
}

/// Layers that are active up to the depth, each with a kind of its own.
fn conditional() -> Result<Problem, SpaceError> {
    let mut b = Space::builder();
    let depth = b.int("depth", 1..=4).add()?;
    let rate = b.float("rate", 1e-4..=1.0).log().add()?;
    let mut layers = Vec::new();
    for i in 0..4 {
        let least = f64::from(i) + 1.0;
        let kind = b.choice(&format!("kind{i}"), ["conv", "pool", "skip"]);
        let kind = kind.when_between(depth, least, 4.0).add()?;
        let width = b.int(&format!("width{i}"), 1..=32).when(kind, "conv").add()?;
        layers.push((kind, width));
    }
    let loss = move |c: &Config| {
        let term = |(kind, width): &(Key<usize>, Key<i64>)| match (c.get(*kind), c.get(*width)) {
            (None, _) => 1.0,
            (Some(_), Some(width)) => (0.1 * (width as f64 - 20.0)).powi(2).min(2.0) * 0.4,
            (Some(kind), None) => 0.5 + 0.2 * kind as f64,
        };
        layers.iter().map(term).sum::<f64>() + (c[rate].log10() + 2.0).powi(2) * 0.5
    };
    Ok(Problem { name: "conditional", space: b.build()?, loss: Box::new(loss) })
}

/// Choices with a loss for each pair of neighbors.
fn tabular() -> Result<Problem, SpaceError> {
    let mut b = Space::builder();
    let keys = (0..8).map(|i| b.choice(&format!("op{i}"), ["a", "b", "c"]).add());
    let keys: Vec<Key<usize>> = keys.collect::<Result<_, _>>()?;
    let loss = move |c: &Config| {
        let ops: Vec<usize> = keys.iter().map(|key| c[*key]).collect();
        let fit =
            |pair: &[usize]| [[1.0, 0.1, 0.6], [0.5, 0.9, 0.0], [0.2, 0.7, 0.8]][pair[0]][pair[1]];
        ops.windows(2).map(fit).sum::<f64>() + 0.3 * (ops[0] as f64 - ops[7] as f64).abs()
    };
    Ok(Problem { name: "tabular", space: b.build()?, loss: Box::new(loss) })
}

/// The name and the constructor of a sampler.
type Maker = (&'static str, fn() -> Box<dyn Sampler>);

fn main() -> Result<(), Box<dyn Error>> {
    let trials = std::env::args().nth(1).map_or(Ok(100), |count| count.parse())?;
    let problems = [
        over("branin", 2, (0.0, 1.0), branin)?,
        over("rosenbrock-5", 5, (-5.0, 10.0), rosenbrock)?,
        over("ackley-10", 10, (-32.768, 32.768), ackley)?,
        mixed()?,
        conditional()?,
        tabular()?,
    ];
    let samplers: [Maker; 5] = [
        ("CMA-ES", || Box::new(CmaEsSampler::default())),
        ("evolution", || Box::new(RegularizedEvolutionSampler::default())),
        ("NSGA-II", || Box::new(Nsga2Sampler::default())),
        ("controller", || Box::new(PolicyGradientSampler::default())),
        ("random", || Box::new(RandomSampler::uniform())),
    ];
    print!("{:14}", format!("{trials} trials"));
    samplers.iter().for_each(|(name, _)| print!("{name:>12}"));
    println!();
    for problem in &problems {
        print!("{:14}", problem.name);
        for (_, sampler) in &samplers {
            let mut best = Vec::new();
            for seed in 0..11 {
                let study = Study::builder(problem.space.clone()).seed(seed).planned_trials(trials);
                let mut study = study.sampler(sampler()).build()?;
                study.optimize(trials, &problem.loss)?;
                best.extend(study.best().map(|trial| trial.values[0]));
            }
            best.sort_by(f64::total_cmp);
            print!("{:12.4}", best[best.len() / 2]);
        }
        println!();
    }
    Ok(())
}
