//! Fantasies: outcomes of running trials, drawn from the posterior.

use crate::acquisition_function::standard_normals;
use crate::regression::Posterior;
use crate::surrogate::matrix;
use rand::Rng;

/// The posterior with the rows of running trials appended and `count` joint draws of their outcomes
/// as fantasies, and the least outcome of each draw. `y` are the outputs of the posterior.
///
/// # Source
/// Snoek, Larochelle & Adams (2012), "Practical Bayesian Optimization of Machine Learning
/// Algorithms", section 3.3.
pub(super) fn fantasize(
    posterior: &Posterior,
    y: &[f64],
    pending: &[Vec<f64>],
    count: usize,
    rng: &mut dyn Rng,
) -> Option<(Posterior, Vec<f64>)> {
    let points = matrix(pending);
    let normal = standard_normals(pending.len(), count.max(1), rng);
    let draws = posterior.draw(&points, &normal).ok()?;
    let outputs: Vec<Vec<f64>> = draws
        .column_iter()
        .map(|draw| y.iter().copied().chain(draw.iter().copied()).collect())
        .collect();
    let mut with = extended(posterior, y, pending, draws.column(0).as_slice())?;
    with.set_fantasies(&outputs).ok()?;
    let least = draws.column_iter().map(|d| d.iter().copied().fold(f64::INFINITY, f64::min));
    Some((with, least.collect()))
}

/// The posterior with further rows and their outputs.
pub(super) fn extended(
    posterior: &Posterior,
    y: &[f64],
    rows: &[Vec<f64>],
    outputs: &[f64],
) -> Option<Posterior> {
    let mut with = posterior.clone();
    for row in rows {
        with.append(row, 0.0).ok()?;
    }
    let all: Vec<f64> = y.iter().chain(outputs).copied().collect();
    with.set_outputs(&all).ok()?;
    Some(with)
}
