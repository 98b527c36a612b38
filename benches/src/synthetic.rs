//! Synthetic problems: standard test functions, and noisy, mixed and conditional ones.

use crate::problem::Problem;
use automl::{
    numeric::stream,
    space::{Config, Key, Space, SpaceError},
};
use rand::RngExt;
use std::f64::consts::{E, PI};

/// A space of `d` floats in one interval, with the keys.
pub(crate) fn cube(d: usize, low: f64, high: f64) -> Result<(Space, Vec<Key<f64>>), SpaceError> {
    let mut builder = Space::builder();
    let keys = (0..d).map(|i| builder.float(&format!("x{i}"), low..=high).add());
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    Ok((builder.build()?, keys))
}

/// A function over a cube as a problem.
pub(crate) fn over(
    name: &str,
    d: usize,
    bounds: (f64, f64),
    optimum: f64,
    function: fn(&[f64]) -> f64,
) -> Result<Problem, SpaceError> {
    let (space, keys) = cube(d, bounds.0, bounds.1)?;
    Ok(Problem::single(name, space, optimum, move |config| {
        let x: Vec<f64> = keys.iter().map(|key| config[*key]).collect();
        function(&x)
    }))
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
    const C: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    let term = |i: usize| {
        let distance: f64 = (0..6).map(|j| A[i][j] * (x[j] - P[i][j]).powi(2)).sum();
        C[i] * (-distance).exp()
    };
    -(0..4).map(term).sum::<f64>()
}

pub(crate) fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|p| 100.0 * (p[1] - p[0] * p[0]).powi(2) + (1.0 - p[0]).powi(2)).sum()
}

pub(crate) fn ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let squares = x.iter().map(|v| v * v).sum::<f64>() / n;
    let cosines = x.iter().map(|v| (2.0 * PI * v).cos()).sum::<f64>() / n;
    -20.0 * (-0.2 * squares.sqrt()).exp() - cosines.exp() + 20.0 + E
}

pub(crate) fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|v| 1.0 + (v - 1.0) / 4.0).collect();
    let last = w[w.len() - 1];
    let inner: f64 = w[..w.len() - 1]
        .iter()
        .map(|v| (v - 1.0).powi(2) * (1.0 + 10.0 * (PI * v + 1.0).sin().powi(2)))
        .sum();
    (PI * w[0]).sin().powi(2)
        + inner
        + (last - 1.0).powi(2) * (1.0 + (2.0 * PI * last).sin().powi(2))
}

fn styblinski_tang(x: &[f64]) -> f64 {
    x.iter().map(|v| v.powi(4) - 16.0 * v * v + 5.0 * v).sum::<f64>() / 2.0 / x.len() as f64
}

fn rastrigin(x: &[f64]) -> f64 {
    // Shifted, so that the optimum is not at the center of the cube.
    x.iter().map(|v| v - 1.3).map(|v| v * v - 10.0 * (2.0 * PI * v).cos() + 10.0).sum()
}

fn griewank(x: &[f64]) -> f64 {
    let squares: f64 = x.iter().map(|v| (v - 31.0).powi(2)).sum::<f64>() / 4000.0;
    let product: f64 =
        x.iter().enumerate().map(|(i, v)| ((v - 31.0) / (i as f64 + 1.0).sqrt()).cos()).product();
    squares - product + 1.0
}

fn michalewicz5(x: &[f64]) -> f64 {
    -x.iter()
        .enumerate()
        .map(|(i, v)| v.sin() * ((i as f64 + 1.0) * v * v / PI).sin().powi(20))
        .sum::<f64>()
}

/// A mixed space: categorical and integer parameters shift and scale a quadratic valley.
fn mixed() -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["a", "b", "c", "d"]).add()?;
    let mode = builder.choice("mode", ["x", "y", "z"]).add()?;
    let layers = builder.int("layers", 1..=8).add()?;
    let width = builder.int("width", 8..=512).log().add()?;
    let rate = builder.float("rate", 1e-5..=1.0).log().add()?;
    let drop = builder.float("drop", 0.0..=0.9).add()?;
    let space = builder.build()?;
    Ok(Problem::single("mixed-6", space, 0.0, move |config| {
        let offset = [0.3, 0.0, 0.6, 0.15][config[kind]];
        let slope = [1.0, 2.5, 0.6][config[mode]];
        let best_rate = [-3.0, -2.2, -1.5][config[mode]];
        let depth = (config[layers] as f64 - 5.0) / 4.0;
        let size = (config[width] as f64 / 96.0).ln() / 2.0;
        let rate = config[rate].log10() - best_rate;
        offset
            + slope * (0.3 * rate * rate).min(2.0)
            + 0.4 * (depth - 0.5 * size).powi(2)
            + 0.3 * size * size
            + (config[drop] - 0.2 - 0.05 * depth).powi(2)
            - minimum_of_mixed()
    }))
}

/// The minimum of the integer terms of the mixed problem, over all their values.
fn minimum_of_mixed() -> f64 {
    use std::sync::OnceLock;
    static MINIMUM: OnceLock<f64> = OnceLock::new();
    *MINIMUM.get_or_init(|| {
        let mut least = f64::INFINITY;
        for layers in 1..=8 {
            for width in 8..=512 {
                let depth = (f64::from(layers) - 5.0) / 4.0;
                let size = (f64::from(width) / 96.0).ln() / 2.0;
                least = least.min(0.4 * (depth - 0.5 * size).powi(2) + 0.3 * size * size);
            }
        }
        least
    })
}

/// A conditional space of three learners with separate parameters.
fn conditional() -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    let learner = builder.choice("learner", ["forest", "svm", "net"]).add()?;
    let trees = builder.int("trees", 10..=500).log().when(learner, "forest").add()?;
    let depth = builder.int("depth", 2..=20).when(learner, "forest").add()?;
    let c = builder.float("c", 1e-3..=1e3).log().when(learner, "svm").add()?;
    let kernel = builder.choice("kernel", ["linear", "rbf"]).when(learner, "svm").add()?;
    let gamma = builder.float("gamma", 1e-4..=10.0).log().when(kernel, "rbf").add()?;
    let rate = builder.float("rate", 1e-5..=1e-1).log().when(learner, "net").add()?;
    let layers = builder.int("layers", 1..=4).when(learner, "net").add()?;
    let drop = builder.float("drop", 0.0..=0.8).when(learner, "net").add()?;
    let space = builder.build()?;
    Ok(Problem::single("conditional-9", space, 0.05, move |config: &Config| {
        match config[learner] {
            0 => {
                let trees = (config[trees] as f64 / 300.0).ln();
                0.14 + 0.01 * trees * trees + 0.001 * (config[depth] as f64 - 11.0).powi(2)
            }
            1 => {
                let c = config[c].log10() - 1.0;
                let base = 0.02 * c * c;
                match config.get(gamma) {
                    None => 0.25 + base,
                    Some(gamma) => 0.08 + base + 0.06 * (gamma.log10() + 1.5 + 0.5 * c).powi(2),
                }
            }
            _ => {
                let rate = config[rate].log10() + 2.7;
                let layers = (config[layers] - 3).abs() as f64;
                0.05 + 0.08 * rate * rate + 0.02 * layers + 0.3 * (config[drop] - 0.25).powi(2)
            }
        }
    }))
}

/// Hartmann-6 with Gaussian noise of standard deviation 0.1.
fn noisy_hartmann() -> Result<Problem, SpaceError> {
    let (space, keys) = cube(6, 0.0, 1.0)?;
    let value = move |config: &Config| {
        let x: Vec<f64> = keys.iter().map(|key| config[*key]).collect();
        hartmann6(&x)
    };
    let exact = value.clone();
    Ok(Problem::noisy("noisy-hartmann-6", space, -3.322_368_011_415_51, exact, move |c, trial| {
        // A function of the trial, so that all solvers have the same noise.
        let (u, v): (f64, f64) = stream(7, trial, "noise").random();
        value(c) + 0.1 * (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * PI * v).cos()
    }))
}

/// All synthetic problems.
///
/// # Errors
/// [`SpaceError`] only if the definition of a space is invalid.
pub fn problems() -> Result<Vec<Problem>, SpaceError> {
    Ok(vec![
        over("branin-2", 2, (0.0, 1.0), 0.397_887_357_729_738, branin)?,
        over("hartmann-6", 6, (0.0, 1.0), -3.322_368_011_415_51, hartmann6)?,
        over("rosenbrock-5", 5, (-5.0, 10.0), 0.0, rosenbrock)?,
        over("ackley-10", 10, (-32.768, 32.768), 0.0, ackley)?,
        over("levy-8", 8, (-10.0, 10.0), 0.0, levy)?,
        over("styblinski-4", 4, (-5.0, 5.0), -39.166_165_703_771_42, styblinski_tang)?,
        over("rastrigin-4", 4, (-5.12, 5.12), 0.0, rastrigin)?,
        over("griewank-6", 6, (-100.0, 100.0), 0.0, griewank)?,
        over("michalewicz-5", 5, (0.0, PI), -4.687_658_179_088_1, michalewicz5)?,
        noisy_hartmann()?,
        mixed()?,
        conditional()?,
    ])
}
