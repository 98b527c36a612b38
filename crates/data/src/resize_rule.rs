//! Square images of one size.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The way in which an image of `w` x `h` pixels becomes square, with side `s`.
///
/// Pixels are weighted by a triangle as wide as the reduction, so that small patterns do not
/// alias.
///
/// # Examples
/// ```
/// use automl_data::ResizeRule;
///
/// assert_eq!(ResizeRule::named("pad"), Some(ResizeRule::Pad));
/// assert_eq!(ResizeRule::default().to_string(), "squash");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResizeRule {
    /// The whole image, `w` and `h` both to `s`: nothing is lost, proportions change.
    #[default]
    Squash,
    /// The centered square of side `min(w, h)`: proportions stay, the ends of the longer side are
    /// lost.
    Crop,
    /// The whole image with `max(w, h)` to `s`, centered on the background: nothing is lost,
    /// proportions stay, margins take a part of the pixels.
    Pad,
}

impl ResizeRule {
    const NAMES: [(&str, Self); 3] =
        [("squash", Self::Squash), ("crop", Self::Crop), ("pad", Self::Pad)];

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule)
    }

    /// An image as a square of `side` pixels.
    pub(crate) fn apply(self, image: &RgbImage, side: usize, background: [u8; 3]) -> RgbImage {
        let (width, height, side) = (image.width(), image.height(), side as u32);
        match self {
            Self::Squash => imageops::resize(image, side, side, FilterType::Triangle),
            Self::Crop => {
                let short = width.min(height);
                let (left, top) = ((width - short) / 2, (height - short) / 2);
                let middle = imageops::crop_imm(image, left, top, short, short).to_image();
                imageops::resize(&middle, side, side, FilterType::Triangle)
            }
            Self::Pad => {
                let long = f64::from(width.max(height));
                let scaled = |length: u32| {
                    let scaled = f64::from(length) * f64::from(side) / long;
                    (scaled.round() as u32).clamp(1, side)
                };
                let (new_width, new_height) = (scaled(width), scaled(height));
                let inner = imageops::resize(image, new_width, new_height, FilterType::Triangle);
                let mut square = RgbImage::from_pixel(side, side, Rgb(background));
                let (left, top) = ((side - new_width) / 2, (side - new_height) / 2);
                imageops::replace(&mut square, &inner, left.into(), top.into());
                square
            }
        }
    }
}

impl fmt::Display for ResizeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::NAMES.iter().find(|(_, rule)| rule == self);
        f.write_str(known.map_or("", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A red left third, a green middle and a blue right third, 30 x 10.
    fn thirds() -> RgbImage {
        RgbImage::from_fn(30, 10, |x, _| {
            let mut color = [0; 3];
            color[x as usize / 10] = 255;
            Rgb(color)
        })
    }

    #[test]
    fn what_each_rule_keeps() {
        let at = |rule: ResizeRule, x, y| rule.apply(&thirds(), 10, [9; 3]).get_pixel(x, y).0;
        let (left, middle, right) = ((0, 5), (5, 5), (9, 5));
        let seen = |rule| [left, middle, right].map(|(x, y)| at(rule, x, y));
        let (red, green, blue) = ([255, 0, 0], [0, 255, 0], [0, 0, 255]);
        assert_eq!(seen(ResizeRule::Squash), [red, green, blue]);
        assert_eq!(seen(ResizeRule::Crop), [green; 3]);
        assert_eq!(seen(ResizeRule::Pad), [red, green, blue]);
        assert_eq!(at(ResizeRule::Pad, 5, 0), [9; 3]);
        assert_eq!(at(ResizeRule::Squash, 5, 0), green);
    }

    #[test]
    fn squares_are_the_same_by_every_rule() {
        let square = RgbImage::from_fn(24, 24, |x, y| Rgb([x as u8 * 9, y as u8 * 7, 80]));
        let by = |rule: ResizeRule| rule.apply(&square, 8, [255; 3]);
        assert_eq!(by(ResizeRule::Squash), by(ResizeRule::Crop));
        assert_eq!(by(ResizeRule::Squash), by(ResizeRule::Pad));
    }

    #[test]
    fn thin_images_are_squares_too() {
        for (width, height) in [(1, 500), (500, 1), (1, 1)] {
            let image = RgbImage::new(width, height);
            for (_, rule) in ResizeRule::NAMES {
                assert_eq!(rule.apply(&image, 8, [0; 3]).dimensions(), (8, 8));
            }
        }
    }
}
