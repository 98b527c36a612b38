//! JPEG photographs at an eighth of their size, without the inverse transform.
//!
//! The first coefficient of each block of 8x8 pixels is its mean, so a photograph that is fitted to a
//! small square needs no other one: the rest of a block is skipped in the bit stream. Only what
//! cameras write is read here (baseline, Huffman codes, one scan, grey or YCbCr); for everything else,
//! and for streams that are not valid, the general decoder is asked.

mod bits;
mod header;

use bits::Bits;
use header::{Component, Header};
use image::{Rgb, RgbImage};

/// The means of the blocks of a JPEG, `ceil(w / 8)` x `ceil(h / 8)` pixels, if its width and height are
/// allowed; `None` where the general decoder has to be asked.
pub(super) fn eighth(file: &[u8], allowed: impl Fn(u32, u32) -> bool) -> Option<RgbImage> {
    let header = Header::read(file)?;
    let (width, height) = (u32::from(header.width), u32::from(header.height));
    if !allowed(width, height) {
        return None;
    }
    let planes = planes(&header, file.get(header.scan..)?)?;
    Some(colors(&header, &planes))
}

/// The means of one component's blocks.
struct Plane {
    /// Blocks in a row.
    width: usize,
    means: Vec<u8>,
}

fn planes(header: &Header, stream: &[u8]) -> Option<Vec<Plane>> {
    let (across, down) = header.units();
    let mut planes: Vec<Plane> = header
        .components
        .iter()
        .map(|component| {
            let width = across * component.across;
            Plane { width, means: vec![0; width * down * component.down] }
        })
        .collect();
    let mut bits = Bits::new(stream);
    let mut last = [0i32; 3];
    for unit in 0..across * down {
        if header.restart > 0 && unit > 0 && unit % header.restart == 0 {
            bits.restart()?;
            last = [0; 3];
        }
        let (left, top) = (unit % across, unit / across);
        for ((component, plane), last) in header.components.iter().zip(&mut planes).zip(&mut last) {
            for block in 0..component.across * component.down {
                let x = left * component.across + block % component.across;
                let y = top * component.down + block / component.across;
                // Larger values occur in damaged streams alone.
                let next = *last + difference(header, component, &mut bits)?;
                *last = next.clamp(-32_767, 32_767);
                let mean = (*last * component.scale + 4).div_euclid(8) + 128;
                *plane.means.get_mut(y * plane.width + x)? = mean.clamp(0, 255) as u8;
                bits.skip_block(header.tables.others.get(component.others)?.as_ref()?)?;
            }
        }
    }
    Some(planes)
}

/// The difference of a block's first coefficient to that of the block before.
fn difference(header: &Header, component: &Component, bits: &mut Bits<'_>) -> Option<i32> {
    let size = bits.code(header.tables.first.get(component.first)?.as_ref()?)?;
    if size > 11 {
        return None;
    }
    Some(bits.signed(u32::from(size)))
}

fn colors(header: &Header, planes: &[Plane]) -> RgbImage {
    let (width, height) =
        (u32::from(header.width).div_ceil(8), u32::from(header.height).div_ceil(8));
    let (most_across, most_down) = header.sampling();
    let at = |index: usize, x: u32, y: u32| -> u8 {
        let (component, plane) = (&header.components[index], &planes[index]);
        let x = x as usize * component.across / most_across;
        let y = y as usize * component.down / most_down;
        plane.means.get(y * plane.width + x).copied().unwrap_or(0)
    };
    RgbImage::from_fn(width, height, |x, y| {
        let luma = at(0, x, y);
        match planes.len() {
            1 => Rgb([luma; 3]),
            _ => Rgb(rgb(luma, at(1, x, y), at(2, x, y))),
        }
    })
}

/// A color by luma and chroma (JFIF), in units of 2^-16.
fn rgb(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(luma) << 16, i32::from(blue) - 128, i32::from(red) - 128);
    let color = [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb];
    color.map(|value| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use proptest::prelude::*;

    /// The means of blocks of 8x8 pixels of a decoded image; those at the edges alone are smaller.
    fn expected(image: &RgbImage) -> RgbImage {
        RgbImage::from_fn(image.width().div_ceil(8), image.height().div_ceil(8), |x, y| {
            let mut sums = [0u32; 3];
            let mut count = 0;
            for y in 8 * y..(8 * y + 8).min(image.height()) {
                for x in 8 * x..(8 * x + 8).min(image.width()) {
                    count += 1;
                    for (sum, value) in sums.iter_mut().zip(image.get_pixel(x, y).0) {
                        *sum += u32::from(value);
                    }
                }
            }
            Rgb(sums.map(|sum| (sum / count) as u8))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn first_coefficients_are_the_means_of_blocks(
            width in 8u32..70, height in 8u32..70, quality in 60u8..=100, seed in any::<u64>(), grey in any::<bool>(),
        ) {
            let image = RgbImage::from_fn(width, height, |x, y| {
                let noise = (seed.rotate_left(x * 5 + y * 11) & 31) as u32;
                Rgb([(40 + x + noise) as u8, (50 + y + noise) as u8, (90 + noise) as u8])
            });
            let mut file = Vec::new();
            let image = image::DynamicImage::from(image);
            let image = if grey { image.to_luma8().into() } else { image };
            JpegEncoder::new_with_quality(&mut file, quality).encode_image(&image).unwrap();
            let decoded = image::load_from_memory(&file).unwrap().into_rgb8();
            let small = eighth(&file, |_, _| true).unwrap();
            // Whole blocks agree but for rounding.
            let expected = expected(&decoded);
            prop_assert_eq!(small.dimensions(), expected.dimensions());
            for (x, y, pixel) in small.enumerate_pixels() {
                if 8 * x + 8 <= width && 8 * y + 8 <= height {
                    for (a, b) in pixel.0.iter().zip(expected.get_pixel(x, y).0) {
                        prop_assert!(a.abs_diff(b) <= 3, "{x} {y}: {pixel:?} {:?}", expected.get_pixel(x, y));
                    }
                }
            }
        }

        /// Streams that are not valid end with an answer.
        #[test]
        fn damaged_streams_end(places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9), cut in any::<prop::sample::Index>()) {
            let image = RgbImage::from_fn(40, 40, |x, y| Rgb([(x * y) as u8, x as u8, y as u8]));
            let mut file = Vec::new();
            JpegEncoder::new_with_quality(&mut file, 90).encode_image(&image).unwrap();
            for (place, value) in places {
                let at = place.index(file.len());
                file[at] = value;
            }
            let _ = eighth(&file, |_, _| true);
            let _ = eighth(&file[..cut.index(file.len())], |_, _| true);
        }
    }
}
