//! Sums of products to int8.

/// The int8 of a sum: zero + ⌊(sum multiplier + 2^(shift - 1)) / 2^shift⌋, saturated, with products of
/// 64 bits. Halves are rounded up.
#[inline]
pub(crate) fn requantize(sum: i32, multiplier: i32, shift: u8, zero: i32) -> i8 {
    let product = i64::from(sum) * i64::from(multiplier);
    let rounded = (product + (1_i64 << (shift - 1))) >> shift;
    (zero + rounded as i32).clamp(-128, 127) as i8
}
