//! Pixels to int8.

/// Replaces the bytes of pixels in 0..=255 by int8 in place, channels last:
/// limit(⌊(pixel factor[c] + offset[c]) / 2^shift⌋, -128, 127).
pub(crate) fn pixels(x: &mut [i8], channels: usize, factor: &[i32], offset: &[i32], shift: u8) {
    for position in x.chunks_exact_mut(channels) {
        for (c, value) in position.iter_mut().enumerate() {
            let pixel = i32::from(*value as u8);
            *value = ((pixel * factor[c] + offset[c]) >> shift).clamp(-128, 127) as i8;
        }
    }
}
