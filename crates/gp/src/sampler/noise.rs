//! Expected improvement under noise: whether the noise is noise, and the function without it.

use crate::acquisition_function::normals;
use crate::regression::{Likelihood, Observations, Posterior};
use crate::surrogate::matrix;
use automl_numeric::linalg;
use rand::Rng;

/// The most rows at which the function is drawn: the cost is cubic.
const MOST: usize = 200;
/// The least share of the noise in the signal's variance that counts.
const LEAST: f64 = 1e-3;
/// Ripples have length scales shorter by this factor than the function's.
const RIPPLE: f64 = 0.03;
/// The least evidence of noise against ripples, in units of the log likelihood.
const SURE: f64 = 0.1;

/// Whether the posterior's noise is there, and told from ripples: a further function of the
/// noise's variance with much shorter length scales. Rows that lie apart are explained by both
/// alike; of rows that lie close together ripples say that the outputs agree. So in the
/// beginning nothing is known, and improvement on the posterior mean, which proposes points close to
/// the best ones, finds out.
pub(super) fn is_white(posterior: &Posterior, y: &[f64], mean_sd: f64) -> bool {
    let (hyper, kernel, x) = (posterior.hyper(), posterior.kernel(), posterior.rows());
    if y.len() > MOST || x.nrows() != y.len() || hyper.noise < LEAST * hyper.signal {
        return false;
    }
    let mut short = hyper.clone();
    let lengths = kernel.inputs().1;
    short.lengths[..lengths].iter_mut().for_each(|length| *length *= RIPPLE);
    short.signal = hyper.noise;
    let mut white = kernel.cross(hyper, x, x);
    let mut ripples = &white + kernel.cross(&short, x, x);
    for i in 0..y.len() {
        white[(i, i)] += hyper.noise;
        ripples[(i, i)] += 0.01 * hyper.noise;
    }
    if !linalg::cholesky_in_place(&mut white) || !linalg::cholesky_in_place(&mut ripples) {
        return false;
    }
    let [white, ripples] = [&white, &ripples].map(|l| Likelihood::new(l, y, mean_sd).value);
    white > ripples + SURE
}

/// The process conditioned on draws of the function itself at the rows, each draw a fantasy, and
/// the least value of each draw among the rows that count. Improvement on it is the noisy expected
/// improvement: what was tried is not tried again for the sake of its noise.
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
    let drawn = posterior.draw(&x, &normals(rows.len(), draws.max(1), rng)).ok()?;
    let outputs: Vec<Vec<f64>> =
        drawn.column_iter().map(|draw| draw.iter().copied().collect()).collect();
    let mut hyper = posterior.hyper().clone();
    hyper.noise = 1e-6 * hyper.signal;
    let data = Observations { x: &x, y: &outputs[0], noise: &[] };
    let mut with = Posterior::new(posterior.kernel(), &hyper, data, mean_sd).ok()?;
    with.set_fantasies(&outputs).ok()?;
    let least = |draw: &Vec<f64>| {
        let counted = draw.iter().enumerate().filter(|(i, _)| counts(*i));
        counted.map(|(_, value)| *value).fold(f64::INFINITY, f64::min)
    };
    Some((with, outputs.iter().map(least).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::{Column, Distance, Family, Hyper, Kernel};
    use automl_numeric::{normal, stream};
    use nalgebra::DMatrix;
    use rand::RngExt;

    /// A posterior with noise, conditioned on rows of which every second lies close to the one
    /// before it.
    fn observed(value: impl Fn(f64, f64) -> f64) -> (Posterior, Vec<f64>) {
        let column = Column { distance: Distance::Square, scale: 0 };
        let kernel = Kernel::new(Family::Matern52, vec![column]);
        let hyper = Hyper { lengths: vec![0.4], signal: 1.0, noise: 0.1 };
        let mut rng = stream(5, 0, "rows");
        let u: Vec<f64> =
            (0..24).map(|i| f64::from(i / 2) / 12.0 + 0.001 * f64::from(i % 2)).collect();
        let y: Vec<f64> =
            u.iter().map(|u| value(*u, normal::quantile(rng.random_range(0.01..0.99)))).collect();
        let x = DMatrix::from_column_slice(24, 1, &u);
        let data = Observations { x: &x, y: &y, noise: &[] };
        (Posterior::new(&kernel, &hyper, data, 1.0).unwrap(), y)
    }

    #[test]
    fn noise_is_told_from_ripples_by_close_rows() {
        let (posterior, y) = observed(|u, z| (3.0 * u).sin() + 0.3 * z);
        assert!(is_white(&posterior, &y, 1.0));
        let (posterior, y) = observed(|u, _| (3.0 * u).sin() + 0.4 * (200.0 * u).sin());
        assert!(!is_white(&posterior, &y, 1.0));
    }

    /// The law of total expectation: the draws' means average to the posterior mean, and at the
    /// rows each draw is certain.
    #[test]
    fn draws_without_noise_average_to_the_posterior_mean() {
        let (posterior, _) = observed(|u, z| (3.0 * u).sin() + 0.3 * z);
        let rows: Vec<Vec<f64>> = (0..24).map(|i| vec![posterior.rows()[(i, 0)]]).collect();
        let mut rng = stream(5, 1, "draws");
        let (with, least) =
            without_noise(&posterior, &rows, |i| i >= 4, 1.0, 4000, &mut rng).unwrap();
        let points = DMatrix::from_column_slice(3, 1, &[0.25, 0.52, 0.9]);
        let (_, draws, _) = with.predict_all(&points);
        let (means, variances) = posterior.predict(&points);
        for i in 0..3 {
            let mean = draws.iter().map(|d| d[i]).sum::<f64>() / 4000.0;
            assert!((mean - means[i]).abs() < 0.1 * variances[i].sqrt(), "{mean} {}", means[i]);
        }
        let (_, at_rows, variances) = with.predict_all(&matrix(&rows));
        assert!(variances.iter().all(|v| *v < 1e-4), "{variances:?}");
        let first = at_rows[0][4..].iter().copied().fold(f64::INFINITY, f64::min);
        assert!((first - least[0]).abs() < 1e-2, "{first} {}", least[0]);
    }
}
