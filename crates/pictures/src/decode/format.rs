//! Formats of image files, by their first bytes.

use super::DecodeError;
use image::ImageFormat;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Gif,
    Bmp,
    WebP,
    Tiff,
}

/// First bytes of image formats that are not read.
const UNSUPPORTED: [(usize, &[u8], &str); 19] = [
    (4, b"ftyphe", "HEIC"),
    (4, b"ftypmif", "HEIF"),
    (4, b"ftypmsf", "HEIF"),
    (4, b"ftypavi", "AVIF"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"jP  \r\n\x87\n", "JPEG 2000"),
    (0, b"8BPS", "Photoshop"),
    (0, b"DDS ", "DDS"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"qoif", "QOI"),
    (0, b"farbfeld", "farbfeld"),
    (0, b"icns", "ICNS"),
    (0, b"\x0a\x05\x01\x08", "PCX"),
    (0, b"%!PS-Adobe", "EPS"),
    (0, b"%PDF-", "PDF"),
    (0, b"<svg", "SVG"),
];

/// First bytes of what downloads and archives leave in the place of images, in lower case.
const FOREIGN: [(&[u8], &str); 6] = [
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"version https://git-lfs", "the pointer of Git LFS to one: fetch it by git lfs pull"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"{", "JSON"),
];

impl Format {
    /// The format of a file's content.
    ///
    /// # Errors
    /// [`DecodeError::NoImage`], [`DecodeError::Foreign`] or [`DecodeError::Unsupported`].
    pub(crate) fn of(file: &[u8]) -> Result<Self, DecodeError> {
        let starts = |start: &[u8]| file.starts_with(start);
        if starts(b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png);
        }
        if starts(&[0xff, 0xd8, 0xff]) {
            return Ok(Self::Jpeg);
        }
        if starts(b"GIF87a") || starts(b"GIF89a") {
            return Ok(Self::Gif);
        }
        if starts(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
            return Ok(Self::WebP);
        }
        // The number 43 in place of 42 is BigTIFF.
        if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].into_iter().any(|start| starts(start)) {
            return Ok(Self::Tiff);
        }
        // Two letters alone would be no proof: the size of the second header follows.
        if starts(b"BM") && matches!(file.get(14..18), Some([12..=124, 0, 0, 0])) {
            return Ok(Self::Bmp);
        }
        if let [b'P', b'1'..=b'7', space, ..] = file
            && space.is_ascii_whitespace()
        {
            return Err(DecodeError::Unsupported("PNM"));
        }
        let known = UNSUPPORTED
            .iter()
            .find(|(at, bytes, _)| file.get(*at..).is_some_and(|rest| rest.starts_with(bytes)));
        let error = known.map(|(.., name)| DecodeError::Unsupported(name));
        Err(error.or_else(|| foreign(file)).unwrap_or(DecodeError::NoImage))
    }

    /// The format for the decoders.
    pub(super) fn codec(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::WebP => ImageFormat::WebP,
            Self::Tiff => ImageFormat::Tiff,
        }
    }
}

/// What a file is in the place of an image.
fn foreign(file: &[u8]) -> Option<DecodeError> {
    if file.is_empty() {
        return Some(DecodeError::Foreign("an empty file"));
    }
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file).trim_ascii_start();
    let text = text[..text.len().min(32)].to_ascii_lowercase();
    let known = FOREIGN.iter().find(|(start, _)| text.starts_with(start));
    known.map(|(_, what)| DecodeError::Foreign(what))
}
