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

/// `log E[increase of the hypervolume]` for two independent normal objectives, both minimised, and
/// its derivatives with respect to the two means and the two standard deviations.
///
/// `front`: points that do not dominate each other, by increasing first objective, all better than
/// `reference`. The region that is not dominated is cut into strips along the first objective; the
/// expectation over each strip is a product of two expected improvements, so the sum has no
/// cancellation and its logarithm keeps a slope where the improvement vanishes.
///
/// # Source
/// Emmerich, Yang & Deutz (2020), "Infill Criteria for Multiobjective Bayesian Optimization",
/// section 3 (the strips); Ament et al. (2023), arXiv:2310.20708, for logarithms.
pub fn log_hypervolume_improvement(
    mean: [f64; 2],
    sd: [f64; 2],
    front: &[[f64; 2]],
    reference: [f64; 2],
) -> (f64, [f64; 2], [f64; 2]) {
    let k = front.len();
    let mut parts: Vec<(f64, [f64; 2], [f64; 2])> = Vec::with_capacity(k + 1);
    for strip in 0..=k {
        // Strip `strip` reaches in the first objective from point `strip - 1` to point `strip`.
        let right = front.get(strip).map_or(reference[0], |p| p[0]);
        let ceiling = if strip == 0 { reference[1] } else { front[strip - 1][1] };
        let (mut first, mut by_mean, mut by_sd) = log_expected_improvement(mean[0], sd[0], right);
        if strip > 0 {
            let (left, left_mean, left_sd) =
                log_expected_improvement(mean[0], sd[0], front[strip - 1][0]);
            let share = (left - first).exp();
            let rest = -(left - first).exp_m1();
            if rest.is_nan() || rest <= 1e-12 {
                continue;
            }
            by_mean = (by_mean - share * left_mean) / rest;
            by_sd = (by_sd - share * left_sd) / rest;
            first += rest.ln();
        }
        let (second, second_mean, second_sd) = log_expected_improvement(mean[1], sd[1], ceiling);
        parts.push((first + second, [by_mean, second_mean], [by_sd, second_sd]));
    }
    let top = parts.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return (top, [0.0; 2], [0.0; 2]);
    }
    let sum: f64 = parts.iter().map(|p| (p.0 - top).exp()).sum();
    let (mut by_mean, mut by_sd) = ([0.0; 2], [0.0; 2]);
    for (value, mean, sd) in &parts {
        let share = (value - top).exp() / sum;
        for j in 0..2 {
            by_mean[j] += share * mean[j];
            by_sd[j] += share * sd[j];
        }
    }
    (top + sum.ln(), by_mean, by_sd)
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

    /// Quasi-random integration of the improvement of a two-dimensional hypervolume.
    #[test]
    fn hypervolume_improvement_agrees_with_integration() {
        let front = [[-1.0, 1.0], [0.0, 0.2], [0.8, -0.5]];
        let reference = [1.5, 1.5];
        let volume = |extra: [f64; 2]| {
            let mut points = front.to_vec();
            points.push(extra);
            automl_numeric::pareto::hypervolume(&points, &reference)
        };
        let base = automl_numeric::pareto::hypervolume(&front, &reference);
        for (mean, sd) in [([0.3, 0.4], [0.5, 0.7]), ([-0.5, 0.0], [0.3, 1.0])] {
            let cells = 300;
            let step = 12.0 / f64::from(cells);
            let mut sum = 0.0;
            for i in 0..cells {
                for j in 0..cells {
                    let z =
                        [-6.0 + step * (f64::from(i) + 0.5), -6.0 + step * (f64::from(j) + 0.5)];
                    let at = [mean[0] + sd[0] * z[0], mean[1] + sd[1] * z[1]];
                    let weight = normal_density(z[0]) * normal_density(z[1]) * step * step;
                    sum += weight * (volume(at) - base);
                }
            }
            let (value, ..) = log_hypervolume_improvement(mean, sd, &front, reference);
            assert!((value.exp() - sum).abs() < 2e-4 * sum, "{} {sum}", value.exp());
        }
    }

    proptest! {
        #[test]
        fn hypervolume_slopes_are_derivatives(
            mean in proptest::array::uniform2(-2.0..2.0f64), log in proptest::array::uniform2(-1.5..1.0f64),
        ) {
            let front = [[-1.0, 1.0], [0.0, 0.2], [0.8, -0.5]];
            let f = |mean, sd| log_hypervolume_improvement(mean, sd, &front, [1.5, 1.5]);
            let sd = log.map(f64::exp);
            let (_, by_mean, by_sd) = f(mean, sd);
            for j in 0..2 {
                let e = 1e-6 * sd[j];
                let moved = |x: [f64; 2], by: f64| {
                    let mut x = x;
                    x[j] += by;
                    x
                };
                let dm = (f(moved(mean, e), sd).0 - f(moved(mean, -e), sd).0) / (2.0 * e);
                let ds = (f(mean, moved(sd, e)).0 - f(mean, moved(sd, -e)).0) / (2.0 * e);
                prop_assert!((dm - by_mean[j]).abs() < 1e-4 * (1.0 + dm.abs()), "{dm} {}", by_mean[j]);
                prop_assert!((ds - by_sd[j]).abs() < 1e-4 * (1.0 + ds.abs()), "{ds} {}", by_sd[j]);
            }
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
