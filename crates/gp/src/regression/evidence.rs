//! The log marginal likelihood (evidence) and its gradient.

use super::input_warping::{InputWarping, kumaraswamy};
use super::kernel::PreparedKernel;
use super::{Hyperparameters, Kernel, LogLikelihood, Observations};
use automl_numeric::linalg;
use nalgebra::DMatrix;

/// The log marginal likelihood of observations as a function of the hyperparameters; keeps its
/// buffer between evaluations.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    kernel: &'a Kernel,
    data: Observations<'a>,
    mean_sd: f64,
    covariance: DMatrix<f64>,
}

impl<'a> Evidence<'a> {
    /// The evidence of `data`, which must fit the kernel; `mean_sd` as [`super::Priors::mean`].
    pub(crate) fn new(kernel: &'a Kernel, data: Observations<'a>, mean_sd: f64) -> Self {
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
    pub(crate) fn evaluate(&mut self, log: &[f64], gradient: &mut [f64]) -> Option<f64> {
        let hyper = Hyperparameters::from_log(log);
        let (n, kernel) = (self.data.y.len(), self.kernel);
        let (warping, plain) = kernel.input_warping();
        let x = &warping.matrix(&hyper.lengths[plain..], self.data.x);
        let prepared = kernel.prepare(&hyper.lengths);
        prepared.fill(x, &mut self.covariance);
        for i in 0..n {
            let k = &mut self.covariance.as_mut_slice()[i * n + i..(i + 1) * n];
            k.iter_mut().for_each(|v| *v *= hyper.signal);
            k[0] += hyper.noise + self.data.known_noise(i);
        }
        if !linalg::cholesky_in_place(&mut self.covariance) {
            return None;
        }
        let l = &self.covariance;
        let LogLikelihood { value, alpha, quadratic } =
            LogLikelihood::new(l, self.data.y, self.mean_sd);

        // d value / d K_ij = (alpha_i alpha_j - K^-1_ij) / 2; off the diagonal twice.
        let scales = kernel.scales();
        let mut weights = linalg::inverse_lower(l);
        let (mut trace, mut noise_trace) = (quadratic - n as f64, 0.0);
        for i in 0..n {
            let own = alpha[i];
            let column = &mut weights.as_mut_slice()[i * n + i..(i + 1) * n];
            for (w, a) in column.iter_mut().zip(&alpha[i..]) {
                *w = (own * a - *w) * hyper.signal;
            }
            let w = column[0] / hyper.signal;
            column[0] *= 0.5;
            noise_trace += w;
            trace -= w * (hyper.noise + self.data.known_noise(i));
        }
        gradient.fill(0.0);
        gradient[scales] = 0.5 * trace;
        gradient[scales + 1] = 0.5 * noise_trace * hyper.noise;
        prepared.backpropagate_lengths(x, &weights, &mut gradient[..plain]);
        if plain < scales {
            let raw = (self.data.x, &hyper.lengths[plain..]);
            backpropagate_warping(
                &prepared,
                warping,
                raw,
                x,
                weights,
                &mut gradient[plain..scales],
            );
        }
        value.is_finite().then_some(value)
    }
}

/// Adds the derivatives in the exponents of input warping to `gradient`. `weights` is a lower
/// triangle `[n, n]` the diagonal of which counts once.
fn backpropagate_warping(
    prepared: &PreparedKernel<'_>,
    warping: &InputWarping,
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
        prepared.backpropagate_row(x, &row, &[&weights.as_slice()[i * n..(i + 1) * n]], &mut out);
        prepared.backpropagate_diagonal(&row, own, &mut out[0]);
        for (k, &c) in warping.columns.iter().enumerate() {
            let (_, [_, by_a, by_b]) =
                kumaraswamy(raw[(i, c)], parameters[2 * k], parameters[2 * k + 1]);
            gradient[2 * k] += out[0][c] * by_a;
            gradient[2 * k + 1] += out[0][c] * by_b;
        }
    }
}
