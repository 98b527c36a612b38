//! Real factors as integers.

/// A factor as `factor / 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// The integer.
    pub factor: i32,
    /// The binary places, at least 1.
    pub shift: u8,
}

impl Multiplier {
    /// Bits of factors of 64-bit products (31) and their most binary places (62): see
    /// `kernels/requantize`.
    const LONG: (i32, i32) = (31, 62);

    /// The most binary places of 32-bit products, so that rounding cannot overflow.
    const SHORT: i32 = 30;

    /// A factor of 31 bits for sums of products, with a relative error of at most 2^-31. Below
    /// 2^-31 the error grows; such a factor takes every sum to 0.
    pub fn long(value: f64) -> Self {
        let (bits, most) = Self::LONG;
        let shift = places(value, bits, most);
        Self { factor: integer(value, shift, bits), shift: shift as u8 }
    }

    /// Factors of at most `bits` bits with the same binary places, for products of 32 bits.
    pub fn short<const N: usize>(values: [f64; N], bits: i32) -> ([i32; N], u8) {
        let largest = values.into_iter().fold(0.0, f64::max);
        let shift = places(largest, bits, Self::SHORT);
        (values.map(|value| integer(value, shift, bits)), shift as u8)
    }

    /// The real factor.
    pub fn value(self) -> f64 {
        f64::from(self.factor) / 2.0_f64.powi(i32::from(self.shift))
    }
}

/// The binary places with which a value has `bits` bits, in 1..=most.
fn places(value: f64, bits: i32, most: i32) -> i32 {
    if value <= 0.0 {
        return 1;
    }
    let exponent = value.log2().floor() as i32 + 1;
    (bits - exponent).clamp(1, most)
}

fn integer(value: f64, shift: i32, bits: i32) -> i32 {
    let most = ((1_i64 << bits) - 1) as f64;
    (value * 2.0_f64.powi(shift)).round().clamp(0.0, most) as i32
}

#[cfg(test)]
mod tests {
    use super::Multiplier;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn factors_are_close(exponent in -30.0_f64..0.0) {
            let value = 2.0_f64.powf(exponent);
            let long = Multiplier::long(value);
            prop_assert!((long.value() / value - 1.0).abs() <= 2.0_f64.powi(-31));
            let ([factor], shift) = Multiplier::short([value], 21);
            let short = Multiplier { factor, shift }.value();
            prop_assert!((short - value).abs() <= value * 2.0_f64.powi(-21) + 2.0_f64.powi(-31));
            prop_assert!(factor < 1 << 21 && shift <= 30 && shift > 0);
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -20..=0 {
            let value = 2.0_f64.powi(exponent);
            assert_eq!(Multiplier::long(value).value(), value);
            let (factors, shift) = Multiplier::short([value, 0.5 * value], 21);
            assert_eq!(Multiplier { factor: factors[1], shift }.value(), 0.5 * value);
        }
        assert_eq!(Multiplier::long(0.0).factor, 0);
    }
}
