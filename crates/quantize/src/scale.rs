//! Affine quantization of numbers.

/// The affine map between int8 and real numbers, x = step (q - zero).
///
/// # Examples
/// ```
/// use automl_quantize::Scale;
///
/// let scale = Scale::of_range(0.0, 5.1);
/// assert_eq!((scale.quantize(0.0), scale.quantize(5.1), scale.quantize(9.0)), (-128, 127, 127));
/// assert!((scale.value(scale.quantize(1.23)) - 1.23).abs() <= 0.5 * scale.step);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Difference of neighboring numbers, above 0.
    pub step: f32,
    /// The int8 of the number 0.
    pub zero: i8,
}

impl Scale {
    /// The map of the range from `low` to `high`, widened to hold 0, onto -128..=127. The number 0
    /// is represented exactly, so the range moves by up to half a step.
    pub fn of_range(low: f32, high: f32) -> Self {
        Self::with_step(low, high, 0.0)
    }

    /// The same with a step of at least `least`.
    pub fn with_step(low: f32, high: f32, least: f32) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let step = ((high - low) / 255.0).max(least);
        let step = if step >= f32::MIN_POSITIVE && step.is_finite() { step } else { 1.0 / 255.0 };
        let zero = (-128.0 - f64::from(low) / f64::from(step)).round().clamp(-128.0, 127.0);
        Self { step, zero: zero as i8 }
    }

    /// The nearest int8; halves go to the even quotient, as in ONNX.
    pub fn quantize(self, x: f32) -> i8 {
        let q = (x / self.step).round_ties_even() + f32::from(self.zero);
        q.clamp(-128.0, 127.0) as i8
    }

    /// The number of an int8.
    pub fn value(self, q: i8) -> f32 {
        self.step * f32::from(i16::from(q) - i16::from(self.zero))
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;
    use proptest::prelude::*;

    proptest! {
        /// Zero is exact, the ends of the range are within one step, and rounding within half of one.
        #[test]
        fn ranges_are_covered(low in -50.0_f32..50.0, width in 1e-6_f32..100.0, at in 0.0_f32..1.0) {
            let scale = Scale::of_range(low, low + width);
            prop_assert_eq!(scale.value(scale.zero), 0.0);
            let x = low + at * width;
            let error = (scale.value(scale.quantize(x)) - x).abs();
            prop_assert!(error <= 1.001 * scale.step, "{} {}", error, scale.step);
        }
    }

    #[test]
    fn empty_ranges_have_a_step() {
        let scale = Scale::of_range(0.0, 0.0);
        assert_eq!((scale.zero, scale.quantize(0.0)), (-128, -128));
        assert!(scale.step > 0.0);
        assert_eq!(Scale::of_range(f32::NEG_INFINITY, 1.0).step, 1.0 / 255.0);
    }
}
