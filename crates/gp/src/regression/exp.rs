//! The exponential of non-positive numbers, written so that loops over it vectorize.

/// `exp(x)` for `x <= 0`, to within a few units in the last place; 0 below -708.
///
/// Reduction to `2^k exp(r)`, `|r| <= ln(2)/2`, and the Taylor polynomial of degree 13. The same on
/// every platform.
#[inline(always)]
pub(crate) fn exp_negative(x: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52: adding it rounds to an integer
    let clamped = if x < -708.0 { -708.0 } else { x };
    let shifted = clamped * std::f64::consts::LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    let r = clamped - k * 6.931_471_803_691_238e-1;
    let r = r - k * 1.908_214_929_270_587_7e-10;
    let mut p = 1.0 / 6_227_020_800.0;
    for c in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * r + c;
    }
    // The low bits of `shifted` hold k; 2^k is built in the exponent field.
    let scale = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    let value = p * scale;
    if x < -708.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    #[test]
    fn agrees_with_the_library() {
        for i in 0..70_000 {
            let x = -f64::from(i) * 0.01;
            let (ours, theirs) = (super::exp_negative(x), x.exp());
            assert!((ours - theirs).abs() <= 4e-16 * theirs * 2.0, "{x}: {ours} {theirs}");
        }
        assert_eq!(super::exp_negative(0.0), 1.0);
        assert_eq!(super::exp_negative(-1e300), 0.0);
    }
}
