//! Further synthetic problems: many dimensions, strong noise, only choices, only integers.

use crate::problem::Problem;
use automl::{
    numeric::{normal, stream},
    space::{Config, Key, Space, SpaceError},
};
use rand::RngExt;

/// Levy's function over 20 floats, with the optimum at 1 in every coordinate.
fn levy() -> Result<Problem, SpaceError> {
    crate::synthetic::over("levy-20", 20, (-10.0, 10.0), 0.0, crate::synthetic::levy)
}

/// A rippled bowl over six floats, with normal noise of half the standard deviation of the losses of
/// random draws.
fn noisy_bowl() -> Result<Problem, SpaceError> {
    let (space, keys) = crate::synthetic::cube(6, 0.0, 1.0)?;
    let exact = move |config: &Config| -> f64 {
        let terms = keys.iter().enumerate().map(|(i, key)| {
            let apart = config[*key] - 0.2 - 0.1 * i as f64;
            apart * apart + 0.02 * (1.0 - (25.0 * apart).cos())
        });
        terms.sum()
    };
    let mut rng = stream(1, 0, "scale");
    let draws: Vec<f64> = (0..1000).map(|_| exact(&space.sample(&mut rng))).collect();
    let mean = draws.iter().sum::<f64>() / 1000.0;
    let sd = (draws.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 1000.0).sqrt();
    Ok(Problem::noisy("noisy-bowl-6", space, 0.0, exact.clone(), move |config, trial| {
        let u: f64 = stream(11, trial, "noise").random_range(1e-9..1.0);
        exact(config) + 0.5 * sd * normal::quantile(u)
    }))
}

/// Twelve choices of four values, with a random loss for each value and each pair of neighbors. The
/// optimum is found by dynamic programming.
fn chain() -> Result<Problem, SpaceError> {
    const LENGTH: usize = 12;
    const CHOICES: usize = 4;
    let mut rng = stream(12, 0, "chain");
    let own: Vec<[f64; CHOICES]> = (0..LENGTH).map(|_| rng.random()).collect();
    let pairs: Vec<[[f64; CHOICES]; CHOICES]> = (1..LENGTH).map(|_| rng.random()).collect();
    let mut least = own[0];
    for (own, pair) in own[1..].iter().zip(&pairs) {
        let best = |to: usize| {
            let ways = (0..CHOICES).map(|from| least[from] + pair[from][to]);
            own[to] + ways.fold(f64::INFINITY, f64::min)
        };
        least = std::array::from_fn(best);
    }
    let optimum = least.into_iter().fold(f64::INFINITY, f64::min);
    let mut builder = Space::builder();
    let keys = (0..LENGTH).map(|i| builder.choice(&format!("c{i}"), ["a", "b", "c", "d"]).add());
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    Ok(Problem::single("chain-12", builder.build()?, optimum, move |config| {
        let at = |i: usize| config[keys[i]];
        let alone: f64 = (0..LENGTH).map(|i| own[i][at(i)]).sum();
        alone + (1..LENGTH).map(|i| pairs[i - 1][at(i - 1)][at(i)]).sum::<f64>()
    }))
}

/// Eight integers in an oblique valley with the optimum at a lattice point.
fn lattice() -> Result<Problem, SpaceError> {
    let mut builder = Space::builder();
    let keys = (0..8).map(|i| builder.int(&format!("z{i}"), 0..=20).add());
    let keys: Vec<Key<i64>> = keys.collect::<Result<_, _>>()?;
    Ok(Problem::single("lattice-8", builder.build()?, 0.0, move |config| {
        let apart = |i: usize| (config[keys[i]] - (3 + 2 * i as i64)) as f64 / 20.0;
        let steep: f64 = (0..8).map(|i| (1.0 + i as f64) * apart(i).powi(2)).sum();
        let slant: f64 = (1..8).map(|i| (apart(i) - apart(i - 1)).powi(2)).sum();
        steep + 5.0 * slant
    }))
}

/// All further problems.
///
/// # Errors
/// [`SpaceError`] only if the definition of a space is invalid.
pub fn problems() -> Result<Vec<Problem>, SpaceError> {
    Ok(vec![levy()?, noisy_bowl()?, chain()?, lattice()?])
}

/// Problems that run only where they are named: functions of fifty and a hundred floats, since an ask of a
/// Gaussian process takes long there; two of ten floats for long runs; four and five objectives.
///
/// # Errors
/// [`SpaceError`] only if the definition of a space is invalid.
pub fn on_request() -> Result<Vec<Problem>, SpaceError> {
    use crate::synthetic::{ackley, levy, over, rosenbrock};
    let mut problems = vec![
        over("levy-10", 10, (-10.0, 10.0), 0.0, levy)?,
        over("rosenbrock-10", 10, (-5.0, 10.0), 0.0, rosenbrock)?,
        over("levy-50", 50, (-10.0, 10.0), 0.0, levy)?,
        over("ackley-50", 50, (-32.768, 32.768), 0.0, ackley)?,
        over("rosenbrock-50", 50, (-5.0, 10.0), 0.0, rosenbrock)?,
        over("levy-100", 100, (-10.0, 10.0), 0.0, levy)?,
        over("ackley-100", 100, (-32.768, 32.768), 0.0, ackley)?,
    ];
    problems.extend(crate::dtlz::problems()?);
    Ok(problems)
}
