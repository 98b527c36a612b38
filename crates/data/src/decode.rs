//! Image files as upright 8-bit colors.

mod format;
mod whole;

pub(crate) use format::Format;

use crate::preprocessing::OrientationRule;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};
use std::io::Cursor;
use thiserror::Error;

/// Bytes that are not read as an image.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The content is that of no image format.
    #[error("is no image")]
    NoImage,
    /// An image format that is not supported.
    #[error("{0} images are not supported: convert it to PNG or JPEG")]
    Unsupported(&'static str),
    /// The end of the image is missing.
    #[error("is truncated: its end is missing")]
    Truncated,
    /// The content is not valid.
    #[error("is damaged: {0}")]
    Damaged(String),
}

/// The most bytes that the pixels of one image may take.
const MOST_BYTES: u64 = 1 << 30;

/// The first frame of an image, composited on the background and upright. `side` is the side that it
/// will be fitted to: a JPEG may be decoded at a reduced scale, never below it.
pub(crate) fn decode(
    file: &[u8],
    side: usize,
    background: [u8; 3],
    rule: OrientationRule,
) -> Result<RgbImage, DecodeError> {
    let _ = side;
    let format = Format::of(file)?;
    if !whole::is_whole(format, file) {
        return Err(DecodeError::Truncated);
    }
    let (image, orientation) = by_image_crate(file, format)?;
    let mut image = DynamicImage::ImageRgb8(composite(image, background));
    if rule == OrientationRule::Exif {
        image.apply_orientation(orientation);
    }
    Ok(image.into_rgb8())
}

fn by_image_crate(file: &[u8], format: Format) -> Result<(DynamicImage, Orientation), DecodeError> {
    let damaged = |error: image::ImageError| DecodeError::Damaged(error.to_string());
    let reader = ImageReader::with_format(Cursor::new(file), format.codec());
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    decoder.set_limits(limits).map_err(damaged)?;
    let orientation = orientation(&mut decoder);
    let image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    Ok((image, orientation))
}

/// The orientation by the EXIF data, which some programs begin with `Exif\0\0` in every format.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten();
    let by_exif = exif.and_then(|exif| {
        Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif))
    });
    let own = || decoder.orientation().unwrap_or(Orientation::NoTransforms);
    by_exif.unwrap_or_else(own)
}

/// The colors over a background: `c a + b (1 - a)`.
fn composite(image: DynamicImage, background: [u8; 3]) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    let mut colors = RgbImage::new(image.width(), image.height());
    for (out, pixel) in colors.pixels_mut().zip(image.pixels()) {
        let [.., alpha] = pixel.0;
        let alpha = u32::from(alpha);
        for ((out, color), below) in out.0.iter_mut().zip(&pixel.0[..3]).zip(background) {
            let sum = u32::from(*color) * alpha + u32::from(below) * (255 - alpha);
            *out = ((sum + 127) / 255) as u8;
        }
    }
    colors
}
