//! Logarithms of normal tails, to full relative precision far out.

use std::f64::consts::{PI, SQRT_2};

/// The standard normal density.
pub(super) fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// The standard normal distribution function. `automl_numeric::normal::cdf` multiplies by
/// `1 / sqrt(2)` instead of dividing by `sqrt(2)`: the last bit differs, and with it the proposals
/// of every kept study.
fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// `c` in the Mills ratio `(1 - Phi(t)) / phi(t) = 1 / (t + c)` for `t > 0`, by Laplace's continued
/// fraction `c = 1 / (t + 2 / (t + 3 / ...))`. Full precision from `t = 3` on.
fn mills(t: f64) -> f64 {
    let mut c = 0.0;
    for k in (1..=80).rev() {
        c = f64::from(k) / (t + c);
    }
    c
}

/// `ln(phi(z) + z Phi(z))` and its derivative, to full relative precision for every `z`.
///
/// # Source
/// Ament et al. (2023), arXiv:2310.20708, equation 9; the tail below -3 is Laplace's continued
/// fraction, which has no cancellation.
pub(super) fn log_h(z: f64) -> (f64, f64) {
    if z > -3.0 {
        let cdf = cdf(z);
        let h = density(z) + z * cdf;
        (h.ln(), cdf / h)
    } else {
        let t = -z;
        let c = mills(t);
        (-0.5 * z * z - 0.5 * (2.0 * PI).ln() + (c / (t + c)).ln(), 1.0 / c)
    }
}

/// `ln Phi(z)` and its derivative, to full relative precision for every `z`.
pub(super) fn log_normal_cdf(z: f64) -> (f64, f64) {
    if z > -3.0 {
        let cdf = cdf(z);
        (cdf.ln(), density(z) / cdf)
    } else {
        let t = -z;
        let c = mills(t);
        (-0.5 * z * z - 0.5 * (2.0 * PI).ln() - (t + c).ln(), t + c)
    }
}
