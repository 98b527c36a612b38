//! Functions with exponentials, as plain arithmetic that a compiler vectorizes.

/// exp(x) with a relative error below 2e-7; x is clamped to [-87, 88].
///
/// # Source
/// The reduction x = n ln 2 + r with a polynomial of degree 6 on |r| <= ln 2 / 2 (Cephes, `expf`).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    /// 1.5 x 2^23: adding it rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * HIGH) - n * LOW;
    let mut p = 1.987_569_2e-4_f32;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p * r + c;
    }
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    (p * r * r + r + 1.0) * power
}

/// 1 / (1 + exp(-x))
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh(x) with an absolute error below 2e-7.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// The error function, with an absolute error below 4e-7.
///
/// # Source
/// Abramowitz & Stegun 1964, 7.1.26.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let mut p = 1.061_405_4_f32;
    for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = p * t + c;
    }
    (1.0 - p * t * exp(-a * a)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::{erf, exp, sigmoid, tanh};

    #[test]
    fn they_are_close_to_the_library_functions() {
        for i in -8700..=8700 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 4e-7 * exact, "exp {x}");
            assert!((sigmoid(x) - 1.0 / (1.0 + (-x).exp())).abs() <= 3e-7, "sigmoid {x}");
            assert!((tanh(x) - x.tanh()).abs() <= 4e-7, "tanh {x}");
            assert!((erf(x) - libm::erff(x)).abs() <= 6e-7, "erf {x}");
        }
        assert!(exp(-1000.0) < 1e-37 && exp(1000.0) > 1e38);
    }
}
