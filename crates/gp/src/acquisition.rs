//! Acquisition functions of a normal prediction, in logarithms where they vanish. All minimise.

use std::f64::consts::{PI, SQRT_2};

/// The standard normal density.
pub fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// The standard normal distribution function.
pub fn normal_distribution(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// For `t > 0`: `c` in the Mills ratio `(1 - Phi(t)) / phi(t) = 1 / (t + c)`, by Laplace's continued
/// fraction `c = 1 / (t + 2 / (t + 3 / ...))`. Full precision from `t = 3` on.
fn mills(t: f64) -> f64 {
    let mut c = 0.0;
    for k in (1..=80).rev() {
        c = f64::from(k) / (t + c);
    }
    c
}

/// `log(phi(z) + z Phi(z))` and its derivative, to full relative precision for every `z`.
///
/// # Source
/// Ament et al. (2023), "Unexpected Improvements to Expected Improvement", arXiv:2310.20708,
/// equation 9; the tail here is Laplace's continued fraction, which has no cancellation.
pub fn log_h(z: f64) -> (f64, f64) {
    if z > -3.0 {
        let cdf = normal_distribution(z);
        let h = normal_density(z) + z * cdf;
        (h.ln(), cdf / h)
    } else {
        let t = -z;
        let c = mills(t);
        (-0.5 * z * z - 0.5 * (2.0 * PI).ln() + (c / (t + c)).ln(), 1.0 / c)
    }
}

/// The logarithm of the standard normal distribution function and its derivative.
pub fn log_normal_distribution(z: f64) -> (f64, f64) {
    if z > -3.0 {
        let cdf = normal_distribution(z);
        (cdf.ln(), normal_density(z) / cdf)
    } else {
        let t = -z;
        let c = mills(t);
        (-0.5 * z * z - 0.5 * (2.0 * PI).ln() - (t + c).ln(), t + c)
    }
}

/// Value of an acquisition and its derivatives with respect to mean and standard deviation.
pub type Slope = (f64, f64, f64);

/// The smallest standard deviation that is told from zero.
const LEAST_SD: f64 = 1e-12;

/// `log E[max(best - f, 0)]` for `f ~ N(mean, sd^2)`: log expected improvement. With the smallest
/// posterior mean as `best` it is the noisy form.
pub fn log_expected_improvement(mean: f64, sd: f64, best: f64) -> Slope {
    let sd = sd.max(LEAST_SD);
    let z = (best - mean) / sd;
    let (value, slope) = log_h(z);
    (sd.ln() + value, -slope / sd, (1.0 - slope * z) / sd)
}

/// `-(mean - beta sd)`: the negated lower confidence bound.
///
/// # Source
/// Srinivas et al. (2010), arXiv:0912.3995.
pub fn confidence_bound(mean: f64, sd: f64, beta: f64) -> Slope {
    (beta * sd - mean, -1.0, beta)
}

/// `log P(f <= limit)`: for a black-box constraint with `limit` 0, the log probability of
/// feasibility.
///
/// # Source
/// Gardner et al. (2014), "Bayesian Optimization with Inequality Constraints", section 3.
pub fn log_probability_below(mean: f64, sd: f64, limit: f64) -> Slope {
    let sd = sd.max(LEAST_SD);
    let z = (limit - mean) / sd;
    let (value, slope) = log_normal_distribution(z);
    (value, -slope / sd, -slope * z / sd)
}

#[cfg(test)]
#[allow(clippy::excessive_precision)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tails_agree_with_high_precision() {
        // mpmath at 60 digits: log(npdf(z) + z*ncdf(z)) and log(ncdf(z)).
        for (z, h, p) in [
            (-1.0, -2.485_121_025_712_641_34, -1.841_021_645_009_263_51),
            (-3.0, -7.869_686_059_603_028_52, -6.607_726_221_510_349_54),
            (-3.5, -9.746_810_037_765_386_74, -8.366_065_308_344_093_05),
            (-10.0, -55.553_122_036_122_355_9, -53.231_285_150_512_470_6),
            (-100.0, -5_010.129_578_800_249_79, -5_005.524_208_694_205_09),
        ] {
            assert!((log_h(z).0 - h).abs() < 1e-12 * h.abs(), "{z}: {} {h}", log_h(z).0);
            let ours = log_normal_distribution(z).0;
            assert!((ours - p).abs() < 1e-12 * p.abs(), "{z}: {ours} {p}");
        }
    }

    proptest! {
        #[test]
        fn slopes_are_derivatives(mean in -3.0..3.0f64, log_sd in -2.0..2.0f64, other in -3.0..3.0f64) {
            let sd = log_sd.exp();
            for f in [log_expected_improvement, confidence_bound, log_probability_below] {
                let (_, by_mean, by_sd) = f(mean, sd, other);
                let e = 1e-6 * sd;
                let dm = (f(mean + e, sd, other).0 - f(mean - e, sd, other).0) / (2.0 * e);
                let ds = (f(mean, sd + e, other).0 - f(mean, sd - e, other).0) / (2.0 * e);
                prop_assert!((dm - by_mean).abs() < 1e-5 * (1.0 + by_mean.abs()));
                prop_assert!((ds - by_sd).abs() < 1e-5 * (1.0 + by_sd.abs()));
            }
        }
    }
}
