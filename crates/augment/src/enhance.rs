//! Operations that move an image towards a duller one or away from it: with 1 as the factor it
//! stays, with 0 the duller one is the result, above 1 the difference grows.

use super::tone::look_up;
use automl_extent::Extent;
use std::array;

/// Gray against color. A gray image stays as it is.
pub(super) fn color(image: &mut [u8], plane: usize, factor: f32) {
    let grey = grey(image, plane);
    for channel in image.chunks_exact_mut(plane) {
        for (value, dull) in channel.iter_mut().zip(&grey) {
            *value = blend(*dull, *value, factor);
        }
    }
}

/// The mean brightness everywhere against the image.
pub(super) fn contrast(image: &mut [u8], plane: usize, factor: f32) {
    let sum: u64 = grey(image, plane).iter().map(|value| u64::from(*value)).sum();
    let dull = (sum as f64 / plane as f64 + 0.5) as u8;
    look_up(image, &array::from_fn(|value| blend(dull, value as u8, factor)));
}

/// Black against the image.
pub(super) fn brightness(image: &mut [u8], factor: f32) {
    look_up(image, &array::from_fn(|value| blend(0, value as u8, factor)));
}

/// The image smoothed by a 3x3 filter (weight 5 for the centre, 1 for its neighbours) against the
/// image. The border stays.
pub(super) fn sharpness(image: &mut [u8], side: Extent, factor: f32) {
    let Extent { height, width } = side;
    let source = image.to_vec();
    let plane = side.pixels().max(1);
    let mut columns = vec![0; width];
    for (from, to) in source.chunks_exact(plane).zip(image.chunks_exact_mut(plane)) {
        for y in 1..height.saturating_sub(1) {
            let [above, own, below] = [y - 1, y, y + 1].map(|y| &from[y * width..(y + 1) * width]);
            for (((sum, above), own), below) in columns.iter_mut().zip(above).zip(own).zip(below) {
                *sum = u16::from(*above) + u16::from(*own) + u16::from(*below);
            }
            let row = &mut to[y * width..(y + 1) * width];
            let row = row.get_mut(1..width.saturating_sub(1)).unwrap_or_default();
            for (value, sums) in row.iter_mut().zip(columns.windows(3)) {
                let sum = sums[0] + sums[1] + sums[2] + 4 * u16::from(*value);
                // The sum over 13, rounded.
                let smooth = (2 * sum + 13) / 26;
                *value = blend(smooth as u8, *value, factor);
            }
        }
    }
}

/// `dull + factor (value - dull)`, cut off below the point, within a byte.
fn blend(dull: u8, value: u8, factor: f32) -> u8 {
    let dull = f32::from(dull);
    (dull + factor * (f32::from(value) - dull)) as u8
}

/// The brightness of each pixel of an image of three channels (ITU-R BT.601), or the first channel
/// of another one.
fn grey(image: &[u8], plane: usize) -> Vec<u8> {
    let channels: Vec<&[u8]> = image.chunks_exact(plane).collect();
    match channels[..] {
        [red, green, blue] => {
            let weigh = |value: &u8, weight: u32| u32::from(*value) * weight;
            let sums = red.iter().zip(green).zip(blue).map(|((red, green), blue)| {
                weigh(red, 19_595) + weigh(green, 38_470) + weigh(blue, 7_471) + 0x8000
            });
            sums.map(|sum| (sum >> 16) as u8).collect()
        }
        _ => channels.first().map(|channel| channel.to_vec()).unwrap_or_default(),
    }
}
