//! Operations that map each value of a channel to another: tables of 256 entries.

use std::array;

/// Stretches each channel so that its darkest pixel becomes 0 and its brightest 255.
pub(super) fn auto_contrast(image: &mut [u8], plane: usize) {
    for channel in image.chunks_exact_mut(plane) {
        let (low, high) = channel
            .iter()
            .fold((u8::MAX, 0), |(low, high), value| (low.min(*value), high.max(*value)));
        if low < high {
            let scale = 255.0 / f64::from(high - low);
            let offset = -f64::from(low) * scale;
            look_up(channel, &array::from_fn(|value| (value as f64 * scale + offset) as u8));
        }
    }
}

/// Spreads the values of each channel so that their histogram becomes flat.
pub(super) fn equalize(image: &mut [u8], plane: usize) {
    for channel in image.chunks_exact_mut(plane) {
        let mut counts = [0usize; 256];
        for value in channel.iter() {
            counts[usize::from(*value)] += 1;
        }
        let brightest = counts.iter().rev().find(|count| **count > 0).copied().unwrap_or(0);
        // A channel of one value, or of few pixels, stays.
        let step = (channel.len() - brightest) / 255;
        if step > 0 {
            let mut below = step / 2;
            look_up(
                channel,
                &counts.map(|count| {
                    let value = (below / step).min(255) as u8;
                    below += count;
                    value
                }),
            );
        }
    }
}

/// Inverts what is at least as bright as the threshold.
pub(super) fn solarize(image: &mut [u8], threshold: f64) {
    let flip = |value: u8| if f64::from(value) < threshold { value } else { 255 - value };
    look_up(image, &array::from_fn(|value| flip(value as u8)));
}

/// Keeps the highest `bits` of each value, 0 to 8.
pub(super) fn posterize(image: &mut [u8], bits: u32) {
    let mask = !(u8::MAX.checked_shr(bits).unwrap_or(0));
    for value in image {
        *value &= mask;
    }
}

/// Maps each value to its entry.
pub(super) fn look_up(pixels: &mut [u8], table: &[u8; 256]) {
    for value in pixels {
        *value = table[usize::from(*value)];
    }
}
