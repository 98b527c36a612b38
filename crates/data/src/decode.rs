//! Image files as upright 8-bit colors.

mod format;
mod whole;

use format::Format;

use crate::preprocessing::OrientationRule;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
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

/// A whole image file.
#[derive(Debug)]
pub(crate) struct Encoded<'a> {
    file: &'a [u8],
    format: Format,
}

impl<'a> Encoded<'a> {
    /// An image file with its end.
    pub(crate) fn new(file: &'a [u8]) -> Result<Self, DecodeError> {
        let format = Format::of(file)?;
        if !whole::is_whole(format, file) {
            return Err(DecodeError::Truncated);
        }
        Ok(Self { file, format })
    }

    /// Refuses a file whose first bytes are those of no image, without reading the rest.
    pub(crate) fn check_start(path: &Path) -> Result<(), DecodeError> {
        let mut start = Vec::new();
        File::open(path)?.take(64).read_to_end(&mut start)?;
        Format::of(&start).map(drop)
    }

    fn decoder(&self) -> Result<impl ImageDecoder + 'a, DecodeError> {
        let reader = ImageReader::with_format(Cursor::new(self.file), self.format.codec());
        let mut decoder = reader.into_decoder().map_err(damaged)?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(MOST_BYTES);
        decoder.set_limits(limits).map_err(damaged)?;
        Ok(decoder)
    }

    /// Width and height in pixels as stored.
    pub(crate) fn dimensions(&self) -> Option<(u32, u32)> {
        self.decoder().ok().map(|decoder| decoder.dimensions())
    }

    /// The first frame, composited on the background and upright.
    pub(crate) fn picture(
        &self,
        background: [u8; 3],
        rule: OrientationRule,
    ) -> Result<RgbImage, DecodeError> {
        let mut decoder = self.decoder()?;
        let orientation = orientation(&mut decoder);
        let image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
        let colors = composite(image, background);
        if rule == OrientationRule::Stored || orientation == Orientation::NoTransforms {
            return Ok(colors);
        }
        let mut image = DynamicImage::ImageRgb8(colors);
        image.apply_orientation(orientation);
        Ok(image.into_rgb8())
    }
}

fn damaged(error: image::ImageError) -> DecodeError {
    DecodeError::Damaged(error.to_string())
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
        let [red, green, blue, alpha] = pixel.0;
        out.0 = over([red, green, blue], alpha, background);
    }
    colors
}

/// A color over another one: `c a + b (1 - a)`.
pub(crate) fn over(color: [u8; 3], alpha: u8, below: [u8; 3]) -> [u8; 3] {
    let alpha = u32::from(alpha);
    let mut mixed = color;
    for (color, below) in mixed.iter_mut().zip(below) {
        let sum = u32::from(*color) * alpha + u32::from(below) * (255 - alpha);
        *color = ((sum + 127) / 255) as u8;
    }
    mixed
}
