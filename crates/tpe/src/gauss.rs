//! The normal distribution, fast: its distribution function from a table, and an exponential that
//! compilers can vectorise.

use automl_numeric::normal;
use std::sync::LazyLock;

/// The table covers `[0, RANGE]`; what lies beyond is less than 1e-9.
const RANGE: f64 = 6.0;

/// Intervals per unit.
const DENSITY: usize = 64;

const SIZE: usize = RANGE as usize * DENSITY;

/// Values and slopes (per interval) of the upper tail's mass at the knots.
static TAIL: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let knot = |i| {
        let x = i as f64 / DENSITY as f64;
        let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        (normal::cdf(-x), -density / DENSITY as f64)
    };
    (0..=SIZE).map(knot).collect()
});

/// The mass of a standard normal beyond `x`, at least 0: cubic interpolation, to 1e-9 absolute.
fn tail(x: f64) -> f64 {
    let place = x * DENSITY as f64;
    let i = place as usize;
    let (Some(&(y0, s0)), Some(&(y1, s1))) = (TAIL.get(i), TAIL.get(i + 1)) else { return 0.0 };
    let t = place - i as f64;
    let (a, b) = (2.0 * (y0 - y1) + s0 + s1, 3.0 * (y1 - y0) - 2.0 * s0 - s1);
    ((a * t + b) * t + s0) * t + y0
}

/// The standard normal distribution function, to 1e-9 absolute.
pub(crate) fn cdf(x: f64) -> f64 {
    if x > 0.0 { 1.0 - tail(x) } else { tail(-x) }
}

/// The mass of a standard normal from `below` under its centre to `above` over it, both at least 0.
pub(crate) fn inside(below: f64, above: f64) -> f64 {
    // Most kernels lie far from both ends.
    let far = below >= RANGE && above >= RANGE;
    if far { 1.0 } else { 1.0 - tail(below) - tail(above) }
}

/// The mass of a standard normal between two bounds; in the tails by the exact function of the
/// side that does not cancel.
pub(crate) fn mass(low: f64, high: f64) -> f64 {
    if low > 4.0 || high < -4.0 { normal::mass(low, high) } else { cdf(high) - cdf(low) }
}

/// `e^x` for `x <= 0`, to 2e-9 relative; 0 below -700.
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.max(-700.0) * std::f64::consts::LOG2_E;
    // Adding and taking away 1.5 * 2^52 rounds to the nearest integer, which then stands in the
    // lowest bits of the sum.
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
    fn table_and_series_are_close() {
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
