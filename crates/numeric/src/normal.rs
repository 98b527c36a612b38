//! The normal distribution: distribution function, quantiles, interval probabilities, truncation.

/// The standard normal distribution function, `P(Z <= x) = erfc(-x / sqrt(2)) / 2`.
///
/// # Examples
/// ```
/// use automl_numeric::normal;
///
/// assert_eq!(normal::cdf(0.0), 0.5);
/// assert!((normal::quantile(normal::cdf(1.5)) - 1.5).abs() < 1e-12);
/// ```
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal quantile of `p` in `[0, 1]`; infinite at both ends.
///
/// A rational approximation with a relative error of 1.2e-9 and one step of Halley's method.
///
/// # Source
/// Acklam (2003), "An algorithm for computing the inverse normal cumulative distribution function".
pub fn quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    // The lower half keeps its digits, so the upper one is mirrored.
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    let horner = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    let x = if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        horner(&TAIL, q) / horner(&TAIL_BELOW, q)
    } else {
        let q = p - 0.5;
        q * horner(&MIDDLE, q * q) / horner(&MIDDLE_BELOW, q * q)
    };
    let u = (cdf(x) - p) * (2.0 * std::f64::consts::PI).sqrt() * (0.5 * x * x).exp();
    if u.is_finite() { x - u / (1.0 + 0.5 * x * u) } else { x }
}

const MIDDLE: [f64; 6] = [
    -3.969683028665376e+01,
    2.209460984245205e+02,
    -2.759285104469687e+02,
    1.383_577_518_672_69e2,
    -3.066479806614716e+01,
    2.506628277459239e+00,
];
const MIDDLE_BELOW: [f64; 6] = [
    -5.447609879822406e+01,
    1.615858368580409e+02,
    -1.556989798598866e+02,
    6.680131188771972e+01,
    -1.328068155288572e+01,
    1.0,
];
const TAIL: [f64; 6] = [
    -7.784894002430293e-03,
    -3.223964580411365e-01,
    -2.400758277161838e+00,
    -2.549732539343734e+00,
    4.374664141464968e+00,
    2.938163982698783e+00,
];
const TAIL_BELOW: [f64; 5] = [
    7.784695709041462e-03,
    3.224671290700398e-01,
    2.445134137142996e+00,
    3.754408661907416e+00,
    1.0,
];

/// The probability of an interval, `P(low < Z <= high)`, computed in the tail without cancellation.
pub fn mass(low: f64, high: f64) -> f64 {
    if low > 0.0 { cdf(-low) - cdf(-high) } else { cdf(high) - cdf(low) }
}

/// The constant `ln sqrt(2 pi)`.
pub const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// The `u`-quantile of `N(mean, sd^2)` truncated to `[low, high]`, with `u` in `[0, 1]`.
///
/// # Examples
/// ```
/// use automl_numeric::normal;
///
/// assert!((normal::truncated(0.5, 0.1, 0.0, 1.0, 0.5) - 0.5).abs() < 1e-12);
/// assert_eq!(normal::truncated(9.0, 0.1, 0.0, 1.0, 1.0), 1.0);
/// ```
pub fn truncated(mean: f64, sd: f64, low: f64, high: f64, u: f64) -> f64 {
    let (a, b) = ((low - mean) / sd, (high - mean) / sd);
    // In the upper tail by symmetry, so that small masses keep their digits.
    let z = if a > 0.0 {
        -quantile(cdf(-b) + (cdf(-a) - cdf(-b)) * (1.0 - u))
    } else {
        quantile(cdf(a) + (cdf(b) - cdf(a)) * u)
    };
    let nearest = if mean.is_nan() { 0.5 } else { mean.clamp(low, high) };
    let x = mean + sd * z;
    if x.is_finite() { x.clamp(low, high) } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::{cdf, quantile, truncated};

    #[test]
    fn the_quantile_inverts_the_distribution() {
        for p in [1e-300, 1e-20, 1e-5, 0.02, 0.025, 0.3, 0.5, 0.7, 0.999] {
            assert!((cdf(quantile(p)) / p - 1.0).abs() < 1e-12, "{p}");
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn truncated_draws_stay_inside_even_far_out() {
        for (mean, sd) in [(0.5, 0.1), (0.5, 1e-9), (50.0, 0.1), (-50.0, 0.1), (0.2, 1e9)] {
            for u in [0.0, 0.3, 1.0] {
                assert!((0.2..=0.4).contains(&truncated(mean, sd, 0.2, 0.4, u)));
            }
        }
        let x = truncated(0.0, 1.0, f64::NEG_INFINITY, f64::INFINITY, 0.975);
        assert!((x - 1.96).abs() < 1e-3);
    }
}
