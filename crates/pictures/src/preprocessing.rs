//! The way from an image file to the inputs of a network.

use crate::decode::{DecodeError, Encoded};
use crate::orientation_rule::OrientationRule;
use crate::resize_rule::ResizeRule;
use automl_extent::Extent;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The color under transparent pixels: white.
pub const BACKGROUND: [u8; 3] = [255; 3];

/// Everything that turns an image file into the inputs of a network.
///
/// In this order: the first frame is decoded to 8 bits a channel, transparency is composited on
/// `background` by `c a + b (1 - a)`, the image is turned upright by `orientation`, fitted to
/// the height and width of `side` by `resize`, and converted to one channel where `channels` is 1
/// (`L = .299 R + .587 G + .114 B`). With `p[c, y, x]` in 0 to 255 the input is
///
/// ```text
/// x[c, y, x] = (p[c, y, x] / 255 - mean[c]) / sd[c],    shape [channels, height, width]
/// ```
///
/// # Examples
/// ```
/// use automl_pictures::Preprocessing;
///
/// let kept = r#"{"channels": 1, "side": 8, "resize": "squash", "background": [255, 255, 255],
///     "orientation": "exif", "mean": [0.5], "sd": [0.25]}"#;
/// let preprocessing: Preprocessing = serde_json::from_str(kept)?;
/// let mut file = std::io::Cursor::new(Vec::new());
/// image::GrayImage::new(20, 10).write_to(&mut file, image::ImageFormat::Png)?;
/// let pixels = preprocessing.pixels(file.get_ref())?;
/// assert_eq!(pixels, [0; 64]);
/// assert_eq!(preprocessing.normalized(&pixels), [-2.0; 64]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Channels of the input: 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Height and width of the input in pixels.
    pub side: Extent,
    /// The way in which an image gets its height and width.
    pub resize: ResizeRule,
    /// The color that transparency is composited on, and the margins of [`ResizeRule::Pad`].
    pub background: [u8; 3],
    /// The rule for EXIF orientations.
    pub orientation: OrientationRule,
    /// The mean of each channel over the training images, of pixels in `[0, 1]`.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel over the training images.
    pub sd: Vec<f32>,
}

impl Preprocessing {
    /// The pixels `[channels, height, width]` of an encoded image: PNG, JPEG, GIF, BMP, WebP or TIFF.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes of another format, truncated or damaged images.
    pub fn pixels(&self, file: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let encoded = Encoded::new(file)?;
        let picture = encoded.picture(self.side, self.background, self.orientation)?;
        let image = self.resize.apply(&picture.colors, self.side, self.background);
        Ok(planes(&image, self.channels))
    }

    /// As [`Preprocessing::pixels`], of a file.
    ///
    /// # Errors
    /// As [`Preprocessing::pixels`], and [`DecodeError::Read`].
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, DecodeError> {
        self.pixels(&std::fs::read(path)?)
    }

    /// The input of a network: normalized pixels `[channels, height, width]`.
    pub fn normalized(&self, pixels: &[u8]) -> Vec<f32> {
        let mut out = Vec::with_capacity(pixels.len());
        normalize(pixels, &self.mean, &self.sd, &mut out);
        out
    }
}

/// Appends `(p / 255 - mean) / sd` by channel for an image `[channels, height, width]`.
pub fn normalize(image: &[u8], mean: &[f32], sd: &[f32], out: &mut Vec<f32>) {
    let plane = (image.len() / mean.len().max(1)).max(1);
    for ((pixels, mean), sd) in image.chunks(plane).zip(mean).zip(sd) {
        let scale = 1.0 / (255.0 * sd);
        let shift = mean / sd;
        out.extend(pixels.iter().map(|p| f32::from(*p) * scale - shift));
    }
}

/// The planes of an image, `[channels, height, width]`, as colors or as grey.
pub fn planes(image: &image::RgbImage, channels: usize) -> Vec<u8> {
    if channels == 1 {
        return image.pixels().map(|pixel| luma(pixel.0)).collect();
    }
    (0..3).flat_map(|channel| image.pixels().map(move |pixel| pixel.0[channel])).collect()
}

/// Color images as grey ones, or grey images with three equal channels: images `[n, c, height, width]`
/// of planes of `plane` pixels, with `channels` in place of the other number c of 1 and 3.
pub fn with_channels(pixels: &[u8], plane: usize, channels: usize) -> Vec<u8> {
    if channels == 3 {
        return pixels.chunks_exact(plane.max(1)).flat_map(|grey| grey.repeat(3)).collect();
    }
    let grey = |image: &[u8]| -> Vec<u8> {
        let (red, rest) = image.split_at(plane);
        let (green, blue) = rest.split_at(plane);
        let colors = red.iter().zip(green).zip(blue);
        colors.map(|((red, green), blue)| luma([*red, *green, *blue])).collect()
    };
    pixels.chunks_exact(3 * plane.max(1)).flat_map(grey).collect()
}

/// The brightness of a color (Rec. 601); of a grey one, its value.
pub fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}
