//! Small copies of images inside other documents.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use std::io::Cursor;

/// The longest side of a thumbnail in pixels.
const LONGEST: u32 = 96;

/// The quality of a thumbnail as a JPEG, of 100.
const QUALITY: u8 = 82;

/// An image of pixels `[channels, height, width]` in 0 to 255 as a `data:` URI, at most 96 pixels wide
/// and high: a PNG or a JPEG, whichever is shorter, of 100 bytes for a digit to some 4 kB for a
/// photograph. `None` where the pixels are not that many, or the channels neither 1 nor 3.
///
/// # Examples
/// ```
/// use automl_pictures::data_uri;
///
/// let uri = data_uri(&[0; 64], 1, 8, 8).unwrap_or_default();
/// assert!(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
/// assert_eq!(data_uri(&[0; 63], 1, 8, 8), None);
/// ```
pub fn data_uri(pixels: &[u8], channels: usize, width: usize, height: usize) -> Option<String> {
    let image = image_of(pixels, channels, width as u32, height as u32)?;
    let image = smaller(image);
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).ok()?;
    let mut jpeg = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
    let (kind, bytes) =
        if jpeg.len() < png.get_ref().len() { ("jpeg", &jpeg) } else { ("png", png.get_ref()) };
    Some(format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes)))
}

fn image_of(pixels: &[u8], channels: usize, width: u32, height: u32) -> Option<DynamicImage> {
    let plane = width as usize * height as usize;
    if plane == 0 || pixels.len() != channels * plane {
        return None;
    }
    match channels {
        1 => GrayImage::from_raw(width, height, pixels.to_vec()).map(DynamicImage::from),
        3 => {
            let colors = (0..plane).flat_map(|at| [0, 1, 2].map(|c| pixels[c * plane + at]));
            RgbImage::from_raw(width, height, colors.collect()).map(DynamicImage::from)
        }
        _ => None,
    }
}

fn smaller(image: DynamicImage) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let long = width.max(height);
    if long <= LONGEST {
        return image;
    }
    let scaled = |side: u32| (side * LONGEST).div_ceil(long);
    let (width, height) = (scaled(width), scaled(height));
    match image {
        DynamicImage::ImageLuma8(grey) => {
            imageops::resize(&grey, width, height, FilterType::Triangle).into()
        }
        other => imageops::resize(&other.to_rgb8(), width, height, FilterType::Triangle).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(uri: &str) -> RgbImage {
        let bytes = BASE64_STANDARD.decode(uri.split(',').nth(1).unwrap()).unwrap();
        image::load_from_memory(&bytes).unwrap().to_rgb8()
    }

    #[test]
    fn a_small_image_is_kept_exactly() {
        let grey: Vec<u8> = (0..64).map(|n| (n * 37 % 256) as u8).collect();
        let image = decoded(&data_uri(&grey, 1, 8, 8).unwrap());
        assert!(image.pixels().zip(&grey).all(|(pixel, grey)| pixel.0 == [*grey; 3]));
        // Planes become pixels.
        let planes: Vec<u8> = [10; 6].into_iter().chain([90; 6]).chain([200; 6]).collect();
        let image = decoded(&data_uri(&planes, 3, 3, 2).unwrap());
        assert_eq!(image.dimensions(), (3, 2));
        assert!(image.pixels().all(|pixel| pixel.0 == [10, 90, 200]));
    }

    #[test]
    fn a_photograph_is_short() {
        let side = 224;
        let wave = |n: usize| (127.0 + 90.0 * (n as f64 / 31.0).sin() + (n % 7) as f64) as u8;
        let pixels: Vec<u8> = (0..3 * side * side).map(wave).collect();
        let uri = data_uri(&pixels, 3, side, side).unwrap();
        assert!(uri.starts_with("data:image/jpeg;base64,") && uri.len() < 8_000, "{}", uri.len());
        assert_eq!(decoded(&uri).dimensions(), (96, 96));
    }

    #[test]
    fn wrong_shapes_have_none() {
        for (length, channels, width, height) in [(8, 2, 2, 2), (0, 1, 0, 4), (11, 3, 2, 2)] {
            assert_eq!(data_uri(&vec![0; length], channels, width, height), None);
        }
    }
}
