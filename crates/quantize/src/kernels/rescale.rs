//! Short sums to int8.

/// The int8 of a scaled sum: zero + ⌊(scaled + 2^(shift - 1)) / 2^shift⌋ in 32 bits, saturated. Halves
/// are rounded up.
#[inline]
pub(crate) fn rescale(scaled: i32, shift: u8, zero: i32) -> i8 {
    (zero + ((scaled + (1 << (shift - 1))) >> shift)).clamp(-128, 127) as i8
}
