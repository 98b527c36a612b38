//! Median simple regret of the Gaussian-process sampler on functions with known optima.
//!
//! `cargo run --release -p automl-gp --example regret -- [SEEDS] [TRIALS] [FIRST SEED] [NAMES]`
//!
//! Where a name ends in `s`, the optimum is moved to a place that depends on the seed, so that no
//! method profits from optima in the middle or on the grid of a design.
#![allow(clippy::print_stdout)]

use automl_gp::{GpOptions, GpSampler};
use automl_numeric::stream;
use automl_space::{Config, Space, SpaceError, Value};
use automl_study::{RandomSampler, Sampler, Study};
use rand::RngExt;
use std::f64::consts::{E, PI, TAU};
use std::time::Instant;

type Function = fn(&[f64]) -> f64;

/// A function over a box, or over a space of its own.
struct Problem {
    name: &'static str,
    space: Space,
    function: Function,
    optimum: f64,
    /// How far the optimum moves, in widths of the box.
    shift: f64,
    noise: f64,
}

fn over(
    name: &'static str,
    d: usize,
    (low, high): (f64, f64),
    optimum: f64,
    function: Function,
) -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    for i in 0..d {
        builder.float(&format!("x{i}"), low..=high).add()?;
    }
    let shift = if name.ends_with('s') { 0.3 } else { 0.0 };
    let noise = if name.starts_with("noisy") { 0.1 } else { 0.0 };
    Ok(Problem { name, space: builder.build()?, function, optimum, shift, noise })
}

fn branin(x: &[f64]) -> f64 {
    let (a, b) = (15.0 * x[0] - 5.0, 15.0 * x[1]);
    (b - 5.1 / (4.0 * PI * PI) * a * a + 5.0 / PI * a - 6.0).powi(2)
        + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos()
        + 10.0
}

fn hartmann6(x: &[f64]) -> f64 {
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let heights = [1.0, 1.2, 3.0, 3.2];
    let bump = |k: usize| -> f64 {
        heights[k] * (-(0..6).map(|i| A[k][i] * (x[i] - P[k][i]).powi(2)).sum::<f64>()).exp()
    };
    -(0..4).map(bump).sum::<f64>()
}

fn hartmann3(x: &[f64]) -> f64 {
    const A: [[f64; 3]; 4] =
        [[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]];
    const P: [[f64; 3]; 4] = [
        [0.3689, 0.1170, 0.2673],
        [0.4699, 0.4387, 0.7470],
        [0.1091, 0.8732, 0.5547],
        [0.0381, 0.5743, 0.8828],
    ];
    let heights = [1.0, 1.2, 3.0, 3.2];
    let bump = |k: usize| -> f64 {
        heights[k] * (-(0..3).map(|i| A[k][i] * (x[i] - P[k][i]).powi(2)).sum::<f64>()).exp()
    };
    -(0..4).map(bump).sum::<f64>()
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum()
}

fn ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    -20.0 * (-0.2 * (x.iter().map(|v| v * v).sum::<f64>() / n).sqrt()).exp()
        - (x.iter().map(|v| (TAU * v).cos()).sum::<f64>() / n).exp()
        + 20.0
        + E
}

fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|v| 1.0 + v / 4.0).collect();
    let last = w[w.len() - 1];
    let inner = |v: &f64| (v - 1.0).powi(2) * (1.0 + 10.0 * (PI * v + 1.0).sin().powi(2));
    (PI * w[0]).sin().powi(2)
        + w[..w.len() - 1].iter().map(inner).sum::<f64>()
        + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

fn styblinski(x: &[f64]) -> f64 {
    x.iter().map(|v| v.powi(4) - 16.0 * v * v + 5.0 * v).sum::<f64>() / 2.0 / x.len() as f64
}

fn rastrigin(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v - 10.0 * (TAU * v).cos() + 10.0).sum()
}

fn griewank(x: &[f64]) -> f64 {
    let squares: f64 = x.iter().map(|v| v * v).sum::<f64>() / 4000.0;
    let cosines = |(i, v): (usize, &f64)| (v / (i as f64 + 1.0).sqrt()).cos();
    squares - x.iter().enumerate().map(cosines).product::<f64>() + 1.0
}

fn michalewicz(x: &[f64]) -> f64 {
    let term = |(i, v): (usize, &f64)| v.sin() * ((i as f64 + 1.0) * v * v / PI).sin().powi(20);
    -x.iter().enumerate().map(term).sum::<f64>()
}

fn dixon_price(x: &[f64]) -> f64 {
    let terms = (1..x.len()).map(|i| (i as f64 + 1.0) * (2.0 * x[i] * x[i] - x[i - 1]).powi(2));
    (x[0] - 1.0).powi(2) + terms.sum::<f64>()
}

fn ellipsoid(x: &[f64]) -> f64 {
    let n = x.len() as f64 - 1.0;
    x.iter().enumerate().map(|(i, v)| 100.0_f64.powf(i as f64 / n) * v * v).sum()
}

fn zakharov(x: &[f64]) -> f64 {
    let s: f64 = x.iter().enumerate().map(|(i, v)| 0.5 * (i as f64 + 1.0) * v).sum();
    x.iter().map(|v| v * v).sum::<f64>() + s * s + s.powi(4)
}

fn schwefel(x: &[f64]) -> f64 {
    418.982_887_272_433_9 * x.len() as f64 - x.iter().map(|v| v * v.abs().sqrt().sin()).sum::<f64>()
}

/// The rank-like surface of a tuning problem: flat and noisy far away, a bent valley near by.
fn tuning(x: &[f64]) -> f64 {
    let bowl: f64 = (x[0] - 0.6 - 0.3 * x[1]).powi(2) * 8.0 + (x[1] - 0.4).powi(2);
    let rest: f64 =
        x[2..].iter().enumerate().map(|(i, v)| (v - 0.5).powi(2) / (i + 2) as f64).sum();
    let bad = if x[0] > 0.95 { 0.5 } else { 0.0 };
    0.05 + 0.85 * (1.0 - (-(bowl + rest)).exp()) + bad
}

/// All problems.
fn problems() -> Result<Vec<Problem>, SpaceError> {
    Ok(vec![
        over("branin2", 2, (0.0, 1.0), 0.397_887_357_729_738, branin)?,
        over("hartmann6", 6, (0.0, 1.0), -3.322_368_011_415_51, hartmann6)?,
        over("rosenbrock5", 5, (-5.0, 10.0), 0.0, rosenbrock)?,
        over("ackley10", 10, (-32.768, 32.768), 0.0, ackley)?,
        over("ackley10s", 10, (-32.768, 32.768), 0.0, ackley)?,
        over("ackley5s", 5, (-15.0, 15.0), 0.0, ackley)?,
        over("levy8s", 8, (-10.0, 10.0), 0.0, levy)?,
        over("styblinski4", 4, (-5.0, 5.0), -39.166_165_703_771_42, styblinski)?,
        over("rastrigin4s", 4, (-5.12, 5.12), 0.0, rastrigin)?,
        over("griewank6s", 6, (-100.0, 100.0), 0.0, griewank)?,
        over("michalewicz5", 5, (0.0, PI), -4.687_658_179_088_1, michalewicz)?,
        over("dixonprice6", 6, (-10.0, 10.0), 0.0, dixon_price)?,
        over("zakharov5s", 5, (-5.0, 10.0), 0.0, zakharov)?,
        over("ellipsoid10s", 10, (-5.0, 5.0), 0.0, ellipsoid)?,
        over("ellipsoid20s", 20, (-5.0, 5.0), 0.0, ellipsoid)?,
        over("schwefel3", 3, (-500.0, 500.0), 0.0, schwefel)?,
        over("hartmann3", 3, (0.0, 1.0), -3.862_782_147_820_756, hartmann3)?,
        over("hartmann6in20", 20, (0.0, 1.0), -3.322_368_011_415_51, hartmann6)?,
        over("tuning8", 8, (0.0, 1.0), 0.05, tuning)?,
        over("noisy-hartmann6", 6, (0.0, 1.0), -3.322_368_011_415_51, hartmann6)?,
        over("noisy-branin2", 2, (0.0, 1.0), 0.397_887_357_729_738, branin)?,
        over("noisy-ellipsoid5s", 5, (-1.0, 1.0), 0.0, ellipsoid)?,
        over("noisy-tuning8", 8, (0.0, 1.0), 0.05, tuning)?,
        mixed()?,
        conditional()?,
        grid()?,
    ])
}

/// Integers, a category and numbers.
fn mixed() -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    for (i, name) in ["a", "b", "c"].iter().enumerate() {
        builder.int(name, 1..=[4, 9, 30][i]).add()?;
    }
    builder.choice("d", ["p", "q", "r", "s"]).add()?;
    builder.float("e", 0.0..=1.0).add()?;
    builder.float("f", 1e-4..=1.0).log().add()?;
    Ok(Problem {
        name: "mixed6",
        space: builder.build()?,
        optimum: 0.0,
        shift: 0.0,
        noise: 0.0,
        function: |x| {
            let kind = [0.4, 0.0, 0.25, 0.7][x[3] as usize];
            let slope = [1.0, 3.0, 0.5, 2.0][x[3] as usize];
            kind + slope * (x[4] - 0.1 * x[0]).powi(2)
                + 0.3 * (x[5].log10() + 2.5 - 0.1 * (x[1] - 5.0)).powi(2)
                + 0.05 * (x[1] - 6.0).powi(2)
                + 0.002 * (x[2] - 21.0).powi(2)
                + 0.1 * (x[0] - 3.0).powi(2)
                - 0.0
        },
    })
}

/// Numbers that depend on a category.
fn conditional() -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["p", "q"]).add()?;
    builder.float("a", 0.0..=1.0).when(kind, "p").add()?;
    builder.float("b", 0.0..=1.0).when(kind, "p").add()?;
    builder.float("c", 0.0..=1.0).when(kind, "q").add()?;
    builder.float("d", 0.0..=1.0).add()?;
    Ok(Problem {
        name: "conditional5",
        space: builder.build()?,
        optimum: 0.0,
        shift: 0.0,
        noise: 0.0,
        function: |x| {
            let shared = (x[4] - 0.37).powi(2);
            if x[0] == 0.0 {
                branin(&[x[1], x[2]]) / 50.0 - 0.397_887_357_729_738 / 50.0 + shared
            } else {
                0.1 + (3.0 * x[3] - 1.0).powi(2) + shared
            }
        },
    })
}

/// Integers alone.
fn grid() -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    for name in ["a", "b", "c", "d", "e"] {
        builder.int(name, 0..=7).add()?;
    }
    Ok(Problem {
        name: "grid5",
        space: builder.build()?,
        optimum: 0.0,
        shift: 0.0,
        noise: 0.0,
        function: |x| {
            let y: Vec<f64> = x.iter().map(|v| (v - 3.0) / 4.0 * 3.0).collect();
            ackley(&y)
        },
    })
}

/// A configuration as numbers; inactive parameters are zero.
fn numbers(config: &Config) -> Vec<f64> {
    config.values().map(|v| v.map_or(0.0, Value::as_f64)).collect()
}

fn regret(problem: &Problem, seed: u64, trials: u64, sampler: Box<dyn Sampler>) -> f64 {
    let mut place = stream(seed, 0, "place");
    let width = |i: usize| match problem.space.params()[i].domain() {
        automl_space::Domain::Float(d) => d.high() - d.low(),
        _ => 0.0,
    };
    let offset: Vec<f64> = (0..problem.space.len())
        .map(|i| problem.shift * width(i) * (2.0 * place.random::<f64>() - 1.0))
        .collect();
    let exact = |config: &Config| {
        let x: Vec<f64> = numbers(config).iter().zip(&offset).map(|(x, o)| x - o).collect();
        (problem.function)(&x) - problem.optimum
    };
    let built = Study::builder(problem.space.clone())
        .sampler(sampler)
        .seed(seed)
        .planned_trials(trials)
        .build();
    let Ok(mut study) = built else { return f64::NAN };
    let mut best = (f64::INFINITY, f64::INFINITY);
    for trial in 0..trials {
        let Ok(asked) = study.ask() else { return f64::NAN };
        let value = exact(&asked.config);
        let (u, v): (f64, f64) = stream(seed, trial, "noise").random();
        let seen = value + problem.noise * (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos();
        if problem.noise > 0.0 {
            best.1 = best.1.min(value);
        } else if value < best.0 {
            best = (value, value);
        }
        if study.tell(asked.number, seen).is_err() {
            return f64::NAN;
        }
    }
    best.1
}

fn main() -> Result<(), SpaceError> {
    let number = |n| std::env::args().nth(n).and_then(|arg| arg.parse::<u64>().ok());
    let (seeds, trials) = (number(1).unwrap_or(5), number(2).unwrap_or(100));
    let first = number(3).unwrap_or(0);
    let names = std::env::args().nth(4).unwrap_or_default();
    let random = std::env::args().nth(5).is_some_and(|s| s == "random");
    let mut logs = Vec::new();
    for problem in problems()? {
        if !names.is_empty() && !names.split(',').any(|n| problem.name == n) {
            continue;
        }
        let start = Instant::now();
        let mut all: Vec<f64> = (first..first + seeds)
            .map(|seed| {
                let sampler: Box<dyn Sampler> = if random {
                    Box::new(RandomSampler::uniform())
                } else {
                    Box::new(GpSampler::new(GpOptions::default()))
                };
                regret(&problem, seed, trials, sampler)
            })
            .collect();
        let time = start.elapsed().as_secs_f64() / seeds as f64;
        all.sort_by(f64::total_cmp);
        let half = all.len() / 2;
        let median = if all.len() % 2 == 1 { all[half] } else { 0.5 * (all[half - 1] + all[half]) };
        let log = all.iter().map(|r| r.max(1e-8).log10()).sum::<f64>() / all.len() as f64;
        logs.push(log);
        println!(
            "{:<20} median {median:>10.3e}  mean log10 {log:>7.3}  best {:>9.2e} worst {:>9.2e}  {time:.2} s",
            problem.name,
            all[0],
            all[all.len() - 1]
        );
    }
    println!("mean of all: {:.4}", logs.iter().sum::<f64>() / logs.len() as f64);
    Ok(())
}
