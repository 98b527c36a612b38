//! The penalised log marginal likelihood and its gradient.

use super::input_warping::{Inputs, kumaraswamy};
use super::kernel::Ready;
use super::{Hyper, Kernel};
use crate::lbfgs::{self, Stop};
use automl_numeric::linalg;
use nalgebra::DMatrix;

/// Beliefs about hyperparameters. Densities are in the logarithms, without Jacobian terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Priors {
    /// Mean and standard deviation of the logarithm of each length scale (log-normal).
    pub lengths: Vec<(f64, f64)>,
    /// The same for further scales of a kernel: weights of sums, warps of inputs.
    pub others: (f64, f64),
    /// Mean and standard deviation of the logarithm of the signal variance (log-normal).
    pub signal: (f64, f64),
    /// Shape and rate of the gamma density of the noise variance.
    pub noise: (f64, f64),
    /// Standard deviation of the constant mean, which is integrated out by its best value; zero
    /// fixes the mean at zero.
    pub mean: f64,
    /// The smallest and largest noise variance.
    pub noise_bounds: (f64, f64),
}

impl Priors {
    /// Priors for inputs in the unit cube with `scales` parameters and standardised outputs: the
    /// length scales grow with the square root of the dimension, so that the complexity of the
    /// functions stays the same. The logarithm of a length has mean `-1.5 + ln(d) / 2` and standard
    /// deviation .7.
    ///
    /// # Source
    /// Hvarfner, Hellsten & Nardi (2024), "Vanilla Bayesian Optimization Performs Great in High
    /// Dimensions", arXiv:2402.02229, equation 7, for the growth with the dimension; that paper's
    /// lengths are longer and less certain (mean `1.41 + ln(d) / 2`, deviation 1.73).
    pub fn scaled(scales: usize) -> Self {
        let d = scales.max(1) as f64;
        Self {
            lengths: vec![(-1.5 + 0.5 * d.ln(), 0.7); scales],
            others: (0.0, 0.5),
            signal: (0.5, 1.5),
            noise: (1.1, 10.0),
            mean: 1.0,
            noise_bounds: (1e-7, 2.0),
        }
    }

    /// The same with the mean of each log length scale moved by so much: for parameters whose
    /// distances are not those of the unit interval.
    #[must_use]
    pub fn shifted(mut self, by: &[f64]) -> Self {
        self.lengths.iter_mut().zip(by).for_each(|((mean, _), by)| *mean += by);
        self
    }

    /// The log density at log hyperparameters, up to a constant; adds its gradient.
    fn log_density(&self, log: &[f64], gradient: &mut [f64]) -> f64 {
        let m = log.len() - 2;
        let mut normal = |i: usize, (mean, sd): (f64, f64)| {
            let z = (log[i] - mean) / sd;
            gradient[i] -= z / sd;
            -0.5 * z * z
        };
        let of = |i: usize| self.lengths.get(i).copied().unwrap_or(self.others);
        let mut sum: f64 = (0..m).map(|i| normal(i, of(i))).sum();
        sum += normal(m, self.signal);
        let (shape, rate) = self.noise;
        let noise = log[m + 1].exp();
        gradient[m + 1] += shape - 1.0 - rate * noise;
        sum + (shape - 1.0) * log[m + 1] - rate * noise
    }
}

/// Observations: features `x` `[n, columns]`, outputs `y` `[n]`, and for each a noise variance that
/// is known and added to the inferred one (empty where there is none).
#[derive(Clone, Copy, Debug)]
pub struct Observations<'a> {
    /// Features.
    pub x: &'a DMatrix<f64>,
    /// Outputs.
    pub y: &'a [f64],
    /// Known noise variances, or empty.
    pub noise: &'a [f64],
}

/// Evaluates the log marginal likelihood; keeps its work space.
#[derive(Debug)]
pub struct Evidence<'a> {
    kernel: &'a Kernel,
    data: Observations<'a>,
    mean_sd: f64,
    covariance: DMatrix<f64>,
}

impl<'a> Evidence<'a> {
    /// For a kernel and observations; `mean_sd` as [`Priors::mean`].
    pub fn new(kernel: &'a Kernel, data: Observations<'a>, mean_sd: f64) -> Self {
        let n = data.y.len();
        Self { kernel, data, mean_sd, covariance: DMatrix::zeros(n, n) }
    }

    /// The log marginal likelihood at log hyperparameters (length scales, signal, noise), and its
    /// gradient; `None` where the covariance is not positive definite.
    ///
    /// `O(n^3)` for the factor and the inverse, `O(n^2 d)` for the covariance and the gradient.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), equations 2.30 and 5.9.
    pub fn evaluate(&mut self, log: &[f64], gradient: &mut [f64]) -> Option<f64> {
        let hyper = Hyper::from_log(log);
        let (n, kernel) = (self.data.y.len(), self.kernel);
        let (inputs, plain) = kernel.inputs();
        let warped = inputs.matrix(&hyper.lengths[plain..], self.data.x);
        let x = &warped;
        let ready = kernel.ready(&hyper.lengths);
        let known = |i: usize| self.data.noise.get(i).copied().unwrap_or(0.0);
        ready.fill(x, &mut self.covariance);
        for i in 0..n {
            let k = &mut self.covariance.as_mut_slice()[i * n + i..(i + 1) * n];
            k.iter_mut().for_each(|v| *v *= hyper.signal);
            k[0] += hyper.noise + known(i);
        }
        if !linalg::cholesky_in_place(&mut self.covariance) {
            return None;
        }
        let l = &self.covariance;
        let Likelihood { value, alpha, fit } = Likelihood::new(l, self.data.y, self.mean_sd);

        // d value / d K_ij = (alpha_i alpha_j - K^-1_ij) / 2; off the diagonal twice.
        let scales = kernel.scales();
        let mut weights = linalg::inverse_lower(l);
        let (mut trace, mut noise_trace) = (fit - n as f64, 0.0);
        for i in 0..n {
            let own = alpha[i];
            let column = &mut weights.as_mut_slice()[i * n + i..(i + 1) * n];
            for (w, a) in column.iter_mut().zip(&alpha[i..]) {
                *w = (own * a - *w) * hyper.signal;
            }
            let w = column[0] / hyper.signal;
            column[0] *= 0.5;
            noise_trace += w;
            trace -= w * (hyper.noise + known(i));
        }
        gradient.fill(0.0);
        gradient[scales] = 0.5 * trace;
        gradient[scales + 1] = 0.5 * noise_trace * hyper.noise;
        ready.pull_lengths(x, &weights, &mut gradient[..plain]);
        if plain < scales {
            let raw = (self.data.x, &hyper.lengths[plain..]);
            pull_inputs(&ready, inputs, raw, x, weights, &mut gradient[plain..scales]);
        }
        value.is_finite().then_some(value)
    }
}

/// The log marginal likelihood of outputs.
#[derive(Clone, Debug)]
pub(crate) struct Likelihood {
    pub(crate) value: f64,
    /// `K^-1 (y - mean)`.
    alpha: Vec<f64>,
    /// `(y - mean)^T K^-1 (y - mean)`.
    fit: f64,
}

impl Likelihood {
    /// From the lower Cholesky factor of the outputs' covariance.
    pub(crate) fn new(l: &DMatrix<f64>, y: &[f64], mean_sd: f64) -> Self {
        let solve = |b: &mut [f64]| {
            linalg::solve_lower_vec(l, b);
            linalg::solve_upper_vec(l, b);
        };
        let (alpha, mean) = weights_of_residuals(solve, y, mean_sd);
        let fit: f64 = alpha.iter().zip(y).map(|(a, y)| a * (y - mean)).sum();
        let log_det: f64 = (0..y.len()).map(|i| l[(i, i)].ln()).sum();
        let penalty = if mean_sd > 0.0 { (mean / mean_sd).powi(2) } else { 0.0 };
        let constant = 0.5 * y.len() as f64 * (2.0 * std::f64::consts::PI).ln();
        Self { value: -0.5 * (fit + penalty) - log_det - constant, alpha, fit }
    }
}

/// Adds the derivatives in the parameters of warped inputs. `weights`: lower triangle, its
/// diagonal counts once.
fn pull_inputs(
    ready: &Ready<'_>,
    inputs: &Inputs,
    (raw, parameters): (&DMatrix<f64>, &[f64]),
    x: &DMatrix<f64>,
    mut weights: DMatrix<f64>,
    gradient: &mut [f64],
) {
    let n = x.nrows();
    weights.fill_upper_triangle_with_lower_triangle();
    let mut out = vec![vec![0.0; x.ncols()]];
    let mut row = vec![0.0; x.ncols()];
    for i in 0..n {
        row.iter_mut().enumerate().for_each(|(c, v)| *v = x[(i, c)]);
        let own = std::mem::take(&mut weights[(i, i)]);
        ready.pull_row(x, &row, &[&weights.as_slice()[i * n..(i + 1) * n]], &mut out);
        ready.pull_own(&row, own, &mut out[0]);
        for (k, &c) in inputs.columns.iter().enumerate() {
            let (_, [_, by_a, by_b]) =
                kumaraswamy(raw[(i, c)], parameters[2 * k], parameters[2 * k + 1]);
            gradient[2 * k] += out[0][c] * by_a;
            gradient[2 * k + 1] += out[0][c] * by_b;
        }
    }
}

/// `K^-1 (y - mean)` and the mean: the best constant under its normal prior. `solve` replaces `b`
/// by `K^-1 b`.
pub(crate) fn weights_of_residuals(
    solve: impl Fn(&mut [f64]),
    y: &[f64],
    mean_sd: f64,
) -> (Vec<f64>, f64) {
    let mut alpha = y.to_vec();
    solve(&mut alpha);
    if mean_sd.is_nan() || mean_sd <= 0.0 {
        return (alpha, 0.0);
    }
    let mut ones = vec![1.0; y.len()];
    solve(&mut ones);
    let precision = ones.iter().sum::<f64>() + 1.0 / (mean_sd * mean_sd);
    let mean = alpha.iter().sum::<f64>() / precision;
    for (a, o) in alpha.iter_mut().zip(&ones) {
        *a -= mean * o;
    }
    (alpha, mean)
}

/// A maximum of the penalised likelihood.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Where it lies.
    pub hyper: Hyper,
    /// The log marginal likelihood plus the log density of the priors (up to a constant that is
    /// the same for every kernel over the same parameters).
    pub log_posterior: f64,
}

/// The hyperparameters of largest posterior density (MAP), by L-BFGS from each of `starts`; `None`
/// if no start has a positive definite covariance.
pub fn fit(
    kernel: &Kernel,
    data: Observations<'_>,
    priors: &Priors,
    starts: &[Hyper],
    evaluations: usize,
) -> Option<Fit> {
    let mut evidence = Evidence::new(kernel, data, priors.mean);
    let mut bounds = vec![(0.01_f64.ln(), 1e3_f64.ln()); kernel.scales()];
    bounds.push((1e-2_f64.ln(), 1e3_f64.ln()));
    bounds.push((priors.noise_bounds.0.ln(), priors.noise_bounds.1.ln()));
    let mut best: Option<(f64, Vec<f64>)> = None;
    for start in starts {
        let mut log = start.to_log();
        let objective = |log: &[f64], gradient: &mut [f64]| {
            let Some(value) = evidence.evaluate(log, gradient) else { return f64::INFINITY };
            let prior = priors.log_density(log, gradient);
            gradient.iter_mut().for_each(|g| *g = -*g);
            -(value + prior)
        };
        let stop = Stop { evaluations, gradient: 1e-2, decrease: 1e-5 };
        let value = lbfgs::minimize(objective, &mut log, &bounds, stop);
        if value.is_finite() && best.as_ref().is_none_or(|(least, _)| value < *least) {
            best = Some((value, log));
        }
    }
    best.map(|(value, log)| Fit { hyper: Hyper::from_log(&log), log_posterior: -value })
}
