//! Images of one height and width.

use automl_extent::Extent;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The way in which an image of `w` x `h` pixels gets the width `W` and the height `H` of the network's
/// input.
///
/// Pixels are weighted by a triangle as wide as the reduction, so that small patterns do not
/// alias. Of an image more than four times as large as its result, whole blocks of pixels are
/// averaged before, down to at least twice as many rows and columns.
///
/// # Examples
/// ```
/// use automl_pictures::ResizeRule;
///
/// assert_eq!(ResizeRule::named("pad"), Some(ResizeRule::Pad));
/// assert_eq!(ResizeRule::default().to_string(), "squash");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResizeRule {
    /// The whole image, `w` to `W` and `h` to `H`: nothing is lost, proportions change.
    #[default]
    Squash,
    /// The largest centered part with the proportions `W : H`, for squares that of side `min(w, h)`:
    /// proportions stay, the ends of one side are lost.
    Crop,
    /// The whole image, as large as `W` and `H` both allow, centered on the background: nothing is
    /// lost, proportions stay, margins take a part of the pixels.
    Pad,
}

impl ResizeRule {
    const NAMES: [(&str, Self); 3] =
        [("squash", Self::Squash), ("crop", Self::Crop), ("pad", Self::Pad)];

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, rule)| *rule)
    }

    /// An image with a height and width.
    pub fn apply(self, image: &RgbImage, side: impl Into<Extent>, background: [u8; 3]) -> RgbImage {
        let Extent { height: tall, width: wide } = side.into();
        let (wide, tall) = (wide as u32, tall as u32);
        let times = |own: u32, new: u32| own / (2 * new).max(1);
        let factor = times(image.width(), wide).min(times(image.height(), tall));
        let smaller = (factor > 1).then(|| reduced(image, factor));
        let image = smaller.as_ref().unwrap_or(image);
        let (width, height) = (image.width(), image.height());
        // Whether the image is wider than the result, in proportion.
        let is_wide = u64::from(width) * u64::from(tall) >= u64::from(height) * u64::from(wide);
        let share = |length: u32, of: u32, whole: u32, most: u32| {
            let scaled = f64::from(length) * f64::from(of) / f64::from(whole.max(1));
            (scaled.round() as u32).clamp(1, most.max(1))
        };
        match self {
            Self::Squash => imageops::resize(image, wide, tall, FilterType::Triangle),
            Self::Crop => {
                let (across, down) = match is_wide {
                    true => (share(height, wide, tall, width), height),
                    false => (width, share(width, tall, wide, height)),
                };
                let (left, top) = ((width - across) / 2, (height - down) / 2);
                let middle = imageops::crop_imm(image, left, top, across, down).to_image();
                imageops::resize(&middle, wide, tall, FilterType::Triangle)
            }
            Self::Pad => {
                let (of, whole) = if is_wide { (wide, width) } else { (tall, height) };
                let (across, down) =
                    (share(width, of, whole, wide), share(height, of, whole, tall));
                let inner = imageops::resize(image, across, down, FilterType::Triangle);
                let mut padded = RgbImage::from_pixel(wide, tall, Rgb(background));
                let (left, top) = ((wide - across) / 2, (tall - down) / 2);
                imageops::replace(&mut padded, &inner, left.into(), top.into());
                padded
            }
        }
    }
}

/// The means of blocks of `factor` x `factor` pixels, smaller at the right and lower edges.
fn reduced(image: &RgbImage, factor: u32) -> RgbImage {
    let (width, height) = (image.width().div_ceil(factor), image.height().div_ceil(factor));
    let (row, block) = (3 * image.width() as usize, 3 * factor as usize);
    let mut means = Vec::with_capacity(3 * (width * height) as usize);
    let mut sums = vec![[0u32; 3]; width as usize];
    for rows in image.as_raw().chunks(row * factor as usize) {
        sums.fill([0; 3]);
        for row in rows.chunks_exact(row) {
            for (sum, pixels) in sums.iter_mut().zip(row.chunks(block)) {
                for pixel in pixels.chunks_exact(3) {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*value);
                    }
                }
            }
        }
        let tall = rows.len() / row;
        for (column, sum) in sums.iter().enumerate() {
            let wide = (row - column * block).min(block) / 3;
            let count = (tall * wide) as u32;
            means.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    RgbImage::from_raw(width, height, means).unwrap_or_default()
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
    fn blocks_become_their_means() {
        let image = RgbImage::from_fn(5, 3, |x, y| Rgb([x as u8 * 10, y as u8 * 20, 7]));
        let small = reduced(&image, 2);
        assert_eq!(small.dimensions(), (3, 2));
        assert_eq!(small.get_pixel(0, 0).0, [5, 10, 7]);
        assert_eq!(small.get_pixel(2, 1).0, [40, 40, 7]);
    }

    #[test]
    fn large_images_are_like_their_smaller_copies() {
        let shade = |x: u32, y: u32| [x as f64, y as f64, (x + y) as f64 / 2.0];
        let picture = |side: u32| {
            RgbImage::from_fn(side, side, |x, y| {
                Rgb(shade(x, y).map(|v| (255.0 * (v + 0.5) / f64::from(side)) as u8))
            })
        };
        let large = ResizeRule::Squash.apply(&picture(640), 16, [0; 3]);
        let small = ResizeRule::Squash.apply(&picture(32), 16, [0; 3]);
        let difference = large.as_raw().iter().zip(small.as_raw()).map(|(a, b)| a.abs_diff(*b));
        assert!(difference.max() <= Some(5));
    }

    #[test]
    fn results_have_the_given_height_and_width() {
        for (width, height) in [(1, 500), (500, 1), (1, 1), (300, 200)] {
            let image = RgbImage::new(width, height);
            for (_, rule) in ResizeRule::NAMES {
                assert_eq!(rule.apply(&image, 8, [0; 3]).dimensions(), (8, 8));
                assert_eq!(rule.apply(&image, (6, 9), [0; 3]).dimensions(), (9, 6));
            }
        }
    }

    /// A red left third, a green middle and a blue right third, 30 x 10, as 12 x 6 and 9 x 12.
    #[test]
    fn proportions_of_the_result_count() {
        let row = |rule: ResizeRule, side, y| {
            let image = rule.apply(&thirds(), side, [9; 3]);
            let (w, x) = (image.width(), |x| image.get_pixel(x, y).0);
            [x(0), x(w / 2), x(w - 1)]
        };
        let (red, green, blue) = ([255, 0, 0], [0, 255, 0], [0, 0, 255]);
        let flat = (6, 12);
        // Twice as wide as tall: five columns of each end are lost, or one row at top and bottom is free.
        assert_eq!(row(ResizeRule::Crop, flat, 3), [red, green, blue]);
        assert_eq!(row(ResizeRule::Squash, flat, 0), [red, green, blue]);
        assert_eq!(row(ResizeRule::Pad, flat, 0), [[9; 3]; 3]);
        assert_eq!(row(ResizeRule::Pad, flat, 1), [red, green, blue]);
        let tall = (12, 9);
        assert_eq!(row(ResizeRule::Crop, tall, 6), [green; 3]);
        assert_eq!(row(ResizeRule::Pad, tall, 3), [[9; 3]; 3]);
        assert_eq!(row(ResizeRule::Pad, tall, 4), [red, green, blue]);
    }

    /// An image of the given proportions is only scaled, by every rule.
    #[test]
    fn equal_proportions_are_the_same_by_every_rule() {
        let image = RgbImage::from_fn(24, 36, |x, y| Rgb([x as u8 * 9, y as u8 * 7, 80]));
        let by = |rule: ResizeRule| rule.apply(&image, (12, 8), [255; 3]);
        assert_eq!(by(ResizeRule::Squash), by(ResizeRule::Crop));
        assert_eq!(by(ResizeRule::Squash), by(ResizeRule::Pad));
    }
}
