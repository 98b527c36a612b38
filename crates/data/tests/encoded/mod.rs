//! Images as files of every format.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat};
use std::io::Cursor;

/// The endings of all formats.
#[allow(dead_code, reason = "not every test uses it")]
pub(crate) const FORMATS: [&str; 6] = ["png", "jpg", "gif", "bmp", "webp", "tif"];

/// An image as a file.
pub(crate) fn encode(image: &DynamicImage, ending: &str) -> Vec<u8> {
    let format = ImageFormat::from_extension(ending).unwrap();
    let mut file = Cursor::new(Vec::new());
    match ending {
        "jpg" => JpegEncoder::new_with_quality(&mut file, 95).encode_image(image).unwrap(),
        "gif" => DynamicImage::from(image.to_rgba8()).write_to(&mut file, format).unwrap(),
        _ => image.write_to(&mut file, format).unwrap(),
    }
    file.into_inner()
}
