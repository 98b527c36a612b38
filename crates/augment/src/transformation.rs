//! The fourteen operations of RandAugment.

use super::geometry::Affine;
use super::{enhance, tone};
use automl_extent::Extent;

/// An operation on an image of bytes.
///
/// At full strength, and in between in proportion:
///
/// | Transformation | At strength 1 | Directions |
/// |---|---|---|
/// | `Identity` | nothing | |
/// | `AutoContrast` | each channel is stretched to 0 to 255, at any strength | |
/// | `Equalize` | each channel gets a flat histogram, at any strength | |
/// | `Rotate` | 30 degrees about the centre | both |
/// | `Solarize` | what is above the threshold is inverted; it falls from 256 to 0 | |
/// | `Color` | .9 more color, or less: towards gray | both |
/// | `Posterize` | 4 of 8 bits are kept | |
/// | `Contrast` | .9 farther from the mean brightness, or nearer | both |
/// | `Brightness` | .9 brighter, or darker | both |
/// | `Sharpness` | .9 sharper, or smoother | both |
/// | `ShearX`, `ShearY` | .3 pixels for each row or column | both |
/// | `TranslateX`, `TranslateY` | 150/331 of the width, the height | both |
///
/// Every result equals, byte for byte, that of Pillow (`ImageOps`, `ImageEnhance`, and
/// `Image.transform` with the nearest pixel). What comes from outside of the image is grey (128).
/// On an image of one channel `Color` does nothing.
///
/// # Source
/// Cubuk, Zoph, Shlens & Le (2019), "RandAugment", section 3, arXiv 1909.13719, with the ranges of
/// torchvision's `RandAugment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Transformation {
    Identity,
    AutoContrast,
    Equalize,
    Rotate,
    Solarize,
    Color,
    Posterize,
    Contrast,
    Brightness,
    Sharpness,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
}

impl Transformation {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Identity,
        Self::AutoContrast,
        Self::Equalize,
        Self::Rotate,
        Self::Solarize,
        Self::Color,
        Self::Posterize,
        Self::Contrast,
        Self::Brightness,
        Self::Sharpness,
        Self::ShearX,
        Self::ShearY,
        Self::TranslateX,
        Self::TranslateY,
    ];

    /// Whether it has two directions, and so a strength of either sign.
    pub fn is_signed(self) -> bool {
        match self {
            Self::Identity
            | Self::AutoContrast
            | Self::Equalize
            | Self::Solarize
            | Self::Posterize => false,
            Self::Rotate
            | Self::Color
            | Self::Contrast
            | Self::Brightness
            | Self::Sharpness
            | Self::ShearX
            | Self::ShearY
            | Self::TranslateX
            | Self::TranslateY => true,
        }
    }

    /// Changes an image `[channels, height, width]` of one or three channels. The strength lies in
    /// [-1, 1], its sign is the direction; operations without one take its absolute value.
    pub fn apply(self, image: &mut [u8], side: impl Into<Extent>, strength: f64) {
        let side = side.into();
        let plane = side.pixels().max(1);
        let strength = strength.clamp(-1.0, 1.0);
        let factor = (1.0 + 0.9 * strength) as f32;
        let shift = |side: usize| 150.0 / 331.0 * strength * side as f64;
        match self {
            Self::Identity => {}
            Self::AutoContrast => tone::auto_contrast(image, plane),
            Self::Equalize => tone::equalize(image, plane),
            Self::Rotate => Affine::rotate(30.0 * strength, side).apply(image, side),
            Self::Solarize => tone::solarize(image, 256.0 * (1.0 - strength.abs())),
            Self::Color => enhance::color(image, plane, factor),
            Self::Posterize => tone::posterize(image, 8 - (4.0 * strength.abs()).round() as u32),
            Self::Contrast => enhance::contrast(image, plane, factor),
            Self::Brightness => enhance::brightness(image, factor),
            Self::Sharpness => enhance::sharpness(image, side, factor),
            Self::ShearX => Affine::shear_x(0.3 * strength).apply(image, side),
            Self::ShearY => Affine::shear_y(0.3 * strength).apply(image, side),
            Self::TranslateX => Affine::translate_x(shift(side.width)).apply(image, side),
            Self::TranslateY => Affine::translate_y(shift(side.height)).apply(image, side),
        }
    }
}
