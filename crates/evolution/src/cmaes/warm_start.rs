//! The first distribution from known trials.

use super::axes::Axes;
use crate::individual::Individual;
use automl_space::Space;
use nalgebra::{DMatrix, DVector};

/// Share of the known trials that count as promising.
const GAMMA: f64 = 0.1;
/// Width of the kernel around each of them, in units of the parameters' ranges.
const ALPHA: f64 = 0.1;

/// Mean `[n]` and covariance `[n, n]` of the normal distribution that is nearest, by Kullback-Leibler
/// divergence, to the mixture of kernels `N(x, ALPHA^2 I)` around the best share [`GAMMA`] of the known
/// trials, at least one. An inactive number counts with its default.
///
/// # Source
/// Nomura et al. (2021), "Warm Starting CMA-ES for Hyperparameter Optimization", AAAI, equations 6 to 8.
pub(super) fn distribution(
    axes: &Axes,
    space: &Space,
    known: &[Individual<'_>],
) -> (Vec<f64>, DMatrix<f64>) {
    let mut sorted: Vec<&Individual<'_>> = known.iter().collect();
    sorted.sort_by(|a, b| a.key.compare(&b.key));
    sorted.truncate(((known.len() as f64 * GAMMA).ceil() as usize).max(1));
    let point = |individual: &&Individual<'_>| {
        DVector::from_iterator(
            axes.numbers.len(),
            axes.numbers.iter().map(|number| {
                let value = individual.trial.config.value(number.index);
                let value = value.unwrap_or_else(|| space.params()[number.index].default_value());
                number.domain.to_unit(value)
            }),
        )
    };
    let points: Vec<DVector<f64>> = sorted.iter().map(point).collect();
    let (n, count) = (axes.numbers.len(), points.len().max(1) as f64);
    let mean = points.iter().sum::<DVector<f64>>() / count;
    let mut covariance = DMatrix::identity(n, n) * (ALPHA * ALPHA);
    for point in &points {
        let apart = point - &mean;
        covariance.ger(1.0 / count, &apart, &apart, 1.0);
    }
    (mean.as_slice().to_vec(), covariance)
}
