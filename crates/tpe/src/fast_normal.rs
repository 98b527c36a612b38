//! Fast approximations of the normal distribution function, by a table, and of the exponential, in a
//! form that compilers vectorize.

use automl_numeric::normal;
use std::sync::LazyLock;

/// The upper end of the table; the mass beyond it is below 1e-9.
const RANGE: f64 = 6.0;

/// Intervals of the table per unit.
const INTERVALS: usize = 64;

const SIZE: usize = RANGE as usize * INTERVALS;

/// Upper-tail mass `P(Z > x)` and its slope per interval at the knots.
static TAIL: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let knot = |i| {
        let x = i as f64 / INTERVALS as f64;
        let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        (normal::cdf(-x), -density / INTERVALS as f64)
    };
    (0..=SIZE).map(knot).collect()
});

/// `P(Z > x)` for `x >= 0` by cubic Hermite interpolation; absolute error below 1e-9.
fn tail(x: f64) -> f64 {
    let place = x * INTERVALS as f64;
    let i = place as usize;
    let (Some(&(y0, s0)), Some(&(y1, s1))) = (TAIL.get(i), TAIL.get(i + 1)) else { return 0.0 };
    let t = place - i as f64;
    let (a, b) = (2.0 * (y0 - y1) + s0 + s1, 3.0 * (y1 - y0) - 2.0 * s0 - s1);
    ((a * t + b) * t + s0) * t + y0
}

/// `P(Z <= x)`; absolute error below 1e-9.
pub(crate) fn cdf(x: f64) -> f64 {
    if x > 0.0 { 1.0 - tail(x) } else { tail(-x) }
}

/// `P(-below < Z < above)` for `below, above >= 0`; absolute error below 2e-9.
pub(crate) fn inside(below: f64, above: f64) -> f64 {
    // The common case: most kernels are far from both ends of the axis.
    let far = below >= RANGE && above >= RANGE;
    if far { 1.0 } else { 1.0 - tail(below) - tail(above) }
}

/// `P(low < Z <= high)`; in the tails by the exact function, to keep relative precision.
pub(crate) fn mass(low: f64, high: f64) -> f64 {
    if low > 4.0 || high < -4.0 { normal::mass(low, high) } else { cdf(high) - cdf(low) }
}

/// `e^x` for `x <= 0`, constant below -700; relative error below 2e-9.
///
/// `e^x = 2^n e^y` with an integer `n` and `|y| <= ln(2) / 2`, and a Taylor polynomial of degree 7 for
/// `e^y`.
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.max(-700.0) * std::f64::consts::LOG2_E;
    // Adding and subtracting 1.5 * 2^52 rounds to the nearest integer, which is then in the lowest
    // bits of the sum.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let rounded = x + ROUND;
    let whole = rounded - ROUND;
    let y = (x - whole) * std::f64::consts::LN_2;
    let series = 1.0
        + y * (1.0
            + y * (0.5
                + y * (1.0 / 6.0
                    + y * (1.0 / 24.0 + y * (1.0 / 120.0 + y * (1.0 / 720.0 + y / 5040.0))))));
    series * f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approximations_are_within_their_bounds() {
        for i in -4000..4000 {
            let x = f64::from(i) / 371.0;
            assert!((cdf(x) - normal::cdf(x)).abs() < 1e-9, "{x}");
            let y = -f64::from(i + 4000) / 13.0;
            assert!((exp(y) / y.exp() - 1.0).abs() < 1e-7, "{y}");
        }
        assert_eq!((cdf(f64::INFINITY), cdf(f64::NEG_INFINITY)), (1.0, 0.0));
        assert!((mass(6.0, 7.0) / 9.853e-10 - 1.0).abs() < 1e-3);
        assert!(exp(-1e300) < 1e-300);
    }
}
