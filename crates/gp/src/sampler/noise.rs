//! Noisy expected improvement: telling noise from ripples, and draws of the function without noise.

use crate::acquisition_function::standard_normals;
use crate::regression::{LogLikelihood, Observations, Posterior};
use crate::surrogate::matrix;
use automl_numeric::linalg;
use rand::Rng;

/// The most rows at which the function is drawn for a proposal: the cost is cubic.
pub(super) const MAX_ROWS: usize = 200;
/// The smallest ratio of noise variance to signal variance that counts as noise.
const MIN_NOISE: f64 = 1e-3;
/// The ratio of the ripples' length scales to those of the function.
const RIPPLE: f64 = 0.03;
/// The least evidence of noise against ripples, in units of the log likelihood.
const MIN_EVIDENCE: f64 = 0.1;

/// Whether the outputs have white noise, by evidence against ripples: a second function of the
/// noise variance with much shorter length scales. Rows that lie apart are explained by both alike;
/// rows that lie close together have equal outputs under ripples. So nothing is known at first, and
/// improvement on the posterior mean, which proposes points close to the best ones, settles it.
/// Unknown, which counts as no, for more than `max_rows` rows: the cost is cubic.
pub(super) fn is_white(posterior: &Posterior, y: &[f64], mean_sd: f64, max_rows: usize) -> bool {
    let (hyper, kernel, x) = (posterior.hyperparameters(), posterior.kernel(), posterior.rows());
    if y.len() > max_rows || x.nrows() != y.len() || hyper.noise < MIN_NOISE * hyper.signal {
        return false;
    }
    let mut short = hyper.clone();
    let lengths = kernel.input_warping().1;
    short.lengths[..lengths].iter_mut().for_each(|length| *length *= RIPPLE);
    short.signal = hyper.noise;
    let mut white = kernel.covariance_unchecked(hyper, x, x);
    let mut ripples = &white + kernel.covariance_unchecked(&short, x, x);
    for i in 0..y.len() {
        white[(i, i)] += hyper.noise;
        ripples[(i, i)] += 0.01 * hyper.noise;
    }
    if !linalg::cholesky_in_place(&mut white) || !linalg::cholesky_in_place(&mut ripples) {
        return false;
    }
    let y = posterior.without_trend(y);
    let [white, ripples] = [&white, &ripples].map(|l| LogLikelihood::new(l, &y, mean_sd).value);
    white > ripples + MIN_EVIDENCE
}

/// The posterior conditioned on draws of the function itself at the rows, each draw a fantasy, and
/// the least value of each draw among the rows that count. Expected improvement on it is noisy
/// expected improvement: no observation is repeated for the sake of its noise.
///
/// # Source
/// Letham et al. (2019), "Constrained Bayesian Optimization with Noisy Experiments",
/// arXiv:1706.07094, section 4.
pub(super) fn without_noise(
    posterior: &Posterior,
    rows: &[Vec<f64>],
    counts: impl Fn(usize) -> bool,
    mean_sd: f64,
    draws: usize,
    rng: &mut dyn Rng,
) -> Option<(Posterior, Vec<f64>)> {
    let x = matrix(rows);
    let drawn = posterior.draw(&x, &standard_normals(rows.len(), draws.max(1), rng)).ok()?;
    let outputs: Vec<Vec<f64>> =
        drawn.column_iter().map(|draw| draw.iter().copied().collect()).collect();
    let mut hyper = posterior.hyperparameters().clone();
    hyper.noise = 1e-6 * hyper.signal;
    let data = Observations { x: &x, y: &outputs[0], noise: &[] };
    let (kernel, trend) = (posterior.kernel(), posterior.trend());
    let mut with = Posterior::with_trend(kernel, &hyper, data, mean_sd, trend).ok()?;
    with.set_fantasies(&outputs).ok()?;
    let least = |draw: &Vec<f64>| {
        let counted = draw.iter().enumerate().filter(|(i, _)| counts(*i));
        counted.map(|(_, value)| *value).fold(f64::INFINITY, f64::min)
    };
    Some((with, outputs.iter().map(least).collect()))
}

#[cfg(test)]
mod tests;
