//! Image files as upright 8-bit colors.

mod eighth;
mod format;
mod tiff;
mod whole;

use eighth::eighth;
use format::Format;

use crate::orientation_rule::OrientationRule;
use crate::regular;
use automl_extent::Extent;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};
use std::error::Error as _;
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
    /// The content is something else, which is known by its first bytes.
    #[error("is no image, but {0}")]
    Foreign(&'static str),
    /// An image format that is not supported.
    #[error("{0} images are not supported: convert it to PNG or JPEG")]
    Unsupported(&'static str),
    /// A kind of image that its decoder does not know, such as floating-point colors.
    #[error("cannot be decoded ({0}): convert it to PNG or JPEG")]
    Kind(String),
    /// More pixels than fit into the memory for one image.
    #[error("is too large: {width}x{height} pixels take more than 1 GB of memory")]
    Large {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// More than the memory for one image.
    #[error("is too large: it takes more than 1 GB of memory")]
    Memory,
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
///
/// # Examples
/// ```
/// use automl_pictures::{BACKGROUND, DecodeError, Encoded, OrientationRule};
///
/// let mut file = std::io::Cursor::new(Vec::new());
/// image::RgbImage::new(40, 30).write_to(&mut file, image::ImageFormat::Png)?;
/// let encoded = Encoded::new(file.get_ref())?;
/// let picture = encoded.picture(32, BACKGROUND, OrientationRule::Exif)?;
/// assert_eq!((picture.dimensions, picture.colors.dimensions()), ((40, 30), (40, 30)));
/// assert!(matches!(Encoded::new(&file.get_ref()[..50]), Err(DecodeError::Truncated)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Encoded<'a> {
    file: &'a [u8],
    format: Format,
}

impl<'a> Encoded<'a> {
    /// An image file with its end.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that are not an image, of another format or truncated.
    pub fn new(file: &'a [u8]) -> Result<Self, DecodeError> {
        let format = Format::of(file)?;
        if !whole::is_whole(format, file) {
            return Err(DecodeError::Truncated);
        }
        Ok(Self { file, format })
    }

    /// Refuses a file by its first bytes, without reading the rest.
    ///
    /// # Errors
    /// [`DecodeError::NoImage`], [`DecodeError::Unsupported`] or [`DecodeError::Read`].
    pub fn check_start(path: &Path) -> Result<(), DecodeError> {
        let mut start = Vec::new();
        regular::open(path)?.take(64).read_to_end(&mut start)?;
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
    pub fn dimensions(&self) -> Option<(u32, u32)> {
        match self.decoder() {
            Ok(decoder) => Some(decoder.dimensions()),
            Err(_) if self.format == Format::Tiff => tiff::dimensions(self.file),
            Err(_) => None,
        }
    }

    /// The image of a kind that its decoder does not take.
    fn unusual(&self) -> Result<Option<(DynamicImage, Orientation)>, DecodeError> {
        if self.format != Format::Tiff {
            return Ok(None);
        }
        tiff::unusual(self.file).map_err(|error| match error {
            ::tiff::TiffError::IoError(error) => end(&error),
            error => DecodeError::Damaged(error.to_string()),
        })
    }

    /// The first frame, composited on the background and upright. A JPEG of at least eight times
    /// the longer side may come at an eighth of its size.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`], [`DecodeError::Kind`] and [`DecodeError::Large`].
    pub fn picture(
        &self,
        side: impl Into<Extent>,
        background: [u8; 3],
        rule: OrientationRule,
    ) -> Result<Picture, DecodeError> {
        let shown = |orientation: Orientation| match rule {
            OrientationRule::Exif => orientation,
            OrientationRule::Stored => Orientation::NoTransforms,
        };
        let mut decoder = match (self.decoder(), self.unusual()) {
            (Ok(decoder), _) => decoder,
            (Err(DecodeError::Kind(_)), Ok(Some((image, orientation)))) => {
                let dimensions = (image.width(), image.height());
                let colors = composite(image, background);
                return Ok(Picture::new(colors, dimensions, shown(orientation)));
            }
            (Err(error), _) => return Err(error),
        };
        let orientation = shown(orientation(&mut decoder));
        let dimensions = decoder.dimensions();
        // Stored pixels may lie on their side: both of theirs must do for the longer one.
        let side = side.into().longer();
        let is_large = |width: u32, height: u32| width.min(height) as usize / 8 >= side;
        let small = Some(self.file).filter(|_| self.format == Format::Jpeg);
        let colors = match small.and_then(|file| eighth(file, is_large)) {
            Some(small) => small,
            // The limits of a decoder do not hold for the image that it fills.
            None if decoder.total_bytes() > MOST_BYTES => {
                let (width, height) = dimensions;
                return Err(DecodeError::Large { width, height });
            }
            None => composite(DynamicImage::from_decoder(decoder).map_err(damaged)?, background),
        };
        Ok(Picture::new(colors, dimensions, orientation))
    }
}

/// An upright image.
#[derive(Debug)]
pub struct Picture {
    /// Its colors, perhaps at a reduced size.
    pub colors: RgbImage,
    /// Width and height before any reduction.
    pub dimensions: (u32, u32),
}

impl Picture {
    fn new(colors: RgbImage, (width, height): (u32, u32), orientation: Orientation) -> Self {
        if orientation == Orientation::NoTransforms {
            return Self { colors, dimensions: (width, height) };
        }
        // Of the transformations, those of EXIF numbers 5 to 8 turn the image on its side.
        let is_turned = orientation.to_exif() >= 5;
        let dimensions = if is_turned { (height, width) } else { (width, height) };
        let mut image = DynamicImage::ImageRgb8(colors);
        image.apply_orientation(orientation);
        Self { colors: image.into_rgb8(), dimensions }
    }
}

fn damaged(error: image::ImageError) -> DecodeError {
    match error {
        image::ImageError::Unsupported(kind) => DecodeError::Kind(kind.to_string()),
        image::ImageError::Limits(_) => DecodeError::Memory,
        image::ImageError::IoError(error) => end(&error),
        error => {
            // The format is known, and what the checksum belongs to helps nobody.
            let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            let reason = reason.split(" while decoding ").next().unwrap_or(&reason);
            DecodeError::Damaged(reason.trim_end_matches('.').to_owned())
        }
    }
}

/// The error of a decoder that reads from memory: what it misses is missing in the file.
fn end(error: &std::io::Error) -> DecodeError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => DecodeError::Truncated,
        _ => DecodeError::Damaged(error.to_string()),
    }
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

/// A color over another one, `c a + b (1 - a)` for an alpha of 0 to 255.
pub fn over(color: [u8; 3], alpha: u8, below: [u8; 3]) -> [u8; 3] {
    let alpha = u32::from(alpha);
    let mut mixed = color;
    for (color, below) in mixed.iter_mut().zip(below) {
        let sum = u32::from(*color) * alpha + u32::from(below) * (255 - alpha);
        *color = ((sum + 127) / 255) as u8;
    }
    mixed
}

/// Endings of image files.
const ENDINGS: [&str; 27] = [
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "jif", "gif", "bmp", "dib", "webp", "tif", "tiff",
    "heic", "heif", "avif", "jxl", "jp2", "ico", "psd", "ppm", "pgm", "pbm", "tga", "exr", "pcx",
    "icns",
];

/// Endings of formats that are not read and have no sure first bytes.
const BY_NAME: [(&str, &str); 2] = [("tga", "TGA"), ("svg", "SVG")];

impl DecodeError {
    /// The same error, of a file of this name: one of an unsupported format by its ending is no longer
    /// said to be no image.
    ///
    /// # Examples
    /// ```
    /// use automl_pictures::DecodeError;
    ///
    /// let error = DecodeError::NoImage.of("cat/1.tga").to_string();
    /// assert_eq!(error, "TGA images are not supported: convert it to PNG or JPEG");
    /// ```
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        let known = BY_NAME.iter().find(|(known, _)| Some(*known) == ending.as_deref());
        match (self, known) {
            (Self::NoImage, Some((_, format))) => Self::Unsupported(format),
            (error, _) => error,
        }
    }
}

/// Whether a name ends as images do.
pub fn has_image_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}
