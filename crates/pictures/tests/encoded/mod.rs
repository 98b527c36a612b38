//! Images as files of every format.

use image::codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};
use std::io::Cursor;

/// The endings of all formats.
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

/// An image as a file with an EXIF orientation.
pub(crate) fn with_orientation(image: &RgbImage, ending: &str, orientation: u8) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let mut file = Vec::new();
    let write = |mut encoder: Box<dyn Encode + '_>| encoder.write_with(image, exif(orientation));
    match ending {
        "jpg" => write(Box::new(Some(JpegEncoder::new_with_quality(&mut file, 95)))),
        "png" => write(Box::new(Some(PngEncoder::new(&mut file)))),
        "webp" => write(Box::new(Some(WebPEncoder::new_lossless(&mut file)))),
        _ => return tiff(image.as_raw(), (width as u16, height as u16), orientation),
    }
    file
}

trait Encode {
    fn write_with(&mut self, image: &RgbImage, exif: Vec<u8>);
}

impl<E: ImageEncoder> Encode for Option<E> {
    fn write_with(&mut self, image: &RgbImage, exif: Vec<u8>) {
        let mut encoder = self.take().unwrap();
        encoder.set_exif_metadata(exif).unwrap();
        let (width, height) = image.dimensions();
        encoder.write_image(image.as_raw(), width, height, ExtendedColorType::Rgb8).unwrap();
    }
}

/// EXIF data with nothing but an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0".to_vec();
    exif.extend(entry(0x112, 3, orientation.into()));
    exif.extend([0; 4]);
    exif
}

/// An entry of a directory: tag, type, one value.
fn entry(tag: u16, kind: u16, value: u32) -> Vec<u8> {
    let mut entry = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
    entry.extend(1u32.to_le_bytes());
    entry.extend(value.to_le_bytes());
    entry
}

/// An uncompressed TIFF of one strip.
fn tiff(pixels: &[u8], (width, height): (u16, u16), orientation: u8) -> Vec<u8> {
    let strip = 8 + 6;
    let directory = strip + pixels.len() as u32;
    let mut file = b"II*\0".to_vec();
    file.extend(directory.to_le_bytes());
    // Bits of the three samples.
    file.extend([8, 0, 8, 0, 8, 0]);
    file.extend(pixels);
    let bits = [&0x102u16.to_le_bytes()[..], &3u16.to_le_bytes(), &[3, 0, 0, 0, 8, 0, 0, 0]];
    let entries = [
        entry(0x100, 3, width.into()),
        entry(0x101, 3, height.into()),
        bits.concat(),
        entry(0x103, 3, 1),
        entry(0x106, 3, 2),
        entry(0x111, 4, strip),
        entry(0x112, 3, orientation.into()),
        entry(0x115, 3, 3),
        entry(0x116, 3, height.into()),
        entry(0x117, 4, pixels.len() as u32),
    ];
    file.extend((entries.len() as u16).to_le_bytes());
    entries.iter().for_each(|entry| file.extend(entry));
    file.extend([0; 4]);
    file
}
