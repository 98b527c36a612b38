//! All that varies one image, in its order.

use crate::{RandAugment, affine, color, crop, cutout, erase};
use automl_extent::Extent;
use automl_numeric::{Stream, stream};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Variation of training images: [`RandAugment`], random colors, a random affine map, then a random
/// crop and a mirror image, and cutout and random erasing of the normalized pixels.
///
/// Each image of each epoch has a random stream of its own, so the result depends neither on
/// threads nor on the order of the images.
///
/// # Examples
/// ```
/// use automl_augment::Augmentation;
///
/// let crops = Augmentation { margin: 1, mirror: true, ..Augmentation::default() };
/// let image: Vec<u8> = (1..=9).collect();
/// let varied = crops.vary(&image, 3, &mut automl_numeric::stream(1, 0, "example"));
/// assert_eq!(varied.len(), image.len());
/// assert!(!crops.is_none() && Augmentation::default().is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Black margin in pixels around the image before a crop of the old size at a random place; 0 for
    /// none.
    pub margin: usize,
    /// Whether half of the images are mirrored.
    pub mirror: bool,
    /// Operations on colors and shapes.
    #[serde(default)]
    pub randaugment: RandAugment,
    /// The side of the square that cutout hides, as a share of the image's shorter side, 0 to 1; 0 for
    /// none. DeVries & Taylor (2017) took .5 for CIFAR-10 and .25 for CIFAR-100.
    #[serde(default)]
    pub cutout: f64,
    /// The probability of random erasing: a rectangle of 2 to 40 % of the area is hidden (Zhong et al.
    /// 2020); 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub erase: f64,
    /// Strength of one random affine map of each image, 0 to 1; 0 for none. At 1 it turns by up to 30
    /// degrees, scales and shears by up to 25 % and 20 %, and shifts by up to 15 % of the side.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub affine: f64,
    /// Strength of random brightness, contrast and saturation, 0 to 1: factors of 1 more or less at
    /// most so much; 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub color: f64,
    /// The share of the images that is varied, 0 to 1. The expected loss is linear in it.
    #[serde(default = "all")]
    pub share: f64,
    /// The share of the epochs, from the first on, in which images are varied, 0 to 1. The others go on with the
    /// images as they are, to which the weights then settle (He et al. 2019, "Data Augmentation Revisited:
    /// Rethinking the Distribution Gap between Clean and Augmented Data", section 3, arXiv 1909.09148).
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub until: f64,
}

fn all() -> f64 {
    1.0
}

fn is_all(share: &f64) -> bool {
    *share == all()
}

/// Whether an option is off; recipes of earlier versions do not have it.
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            margin: 0,
            mirror: false,
            randaugment: RandAugment::default(),
            cutout: 0.0,
            erase: 0.0,
            affine: 0.0,
            color: 0.0,
            share: all(),
            until: all(),
        }
    }
}

impl Augmentation {
    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        let strengths = [self.cutout, self.erase, self.affine, self.color];
        let varies = self.margin > 0 || self.mirror || self.randaugment.operations > 0;
        !varies && strengths == [0.0; 4] || self.share.min(self.until) <= 0.0
    }

    /// The variation in an epoch, from 0, of a training of `epochs`.
    ///
    /// # Examples
    /// ```
    /// use automl_augment::Augmentation;
    ///
    /// let crops = Augmentation { margin: 1, until: 0.6, ..Augmentation::default() };
    /// assert!(!crops.in_epoch(5, 10).is_none() && crops.in_epoch(6, 10).is_none());
    /// ```
    #[must_use]
    pub fn in_epoch(&self, epoch: u64, epochs: u64) -> Self {
        if self.until < 1.0 && epoch as f64 >= self.until * epochs as f64 {
            return Self::default();
        }
        self.clone()
    }

    /// Whether an image of an epoch stays as it is because of `share`.
    pub fn spares(&self, seed: u64, epoch: u64, index: usize) -> bool {
        let mut rng = stream(seed, epoch << 32 | index as u64, "augmented share");
        self.share < 1.0 && rng.random::<f64>() >= self.share
    }

    /// The random stream of one image in one epoch.
    pub fn stream(seed: u64, epoch: u64, index: usize) -> Stream {
        stream(seed, epoch << 32 | index as u64, "augment")
    }

    /// A varied copy of an image `[channels, height, width]`, without what hides normalized pixels.
    pub fn vary(&self, image: &[u8], side: impl Into<Extent>, rng: &mut Stream) -> Vec<u8> {
        let side = side.into();
        let mut varied = image.to_vec();
        self.randaugment.apply(&mut varied, side, rng);
        if self.color > 0.0 {
            color::vary(&mut varied, side, self.color, rng);
        }
        if self.affine > 0.0 {
            affine::apply(affine::draw(self.affine, side, rng), &mut varied, side);
        }
        if self.margin == 0 && !self.mirror {
            return varied;
        }
        let margin = self.margin as i64;
        let down = rng.random_range(-margin..=margin) as isize;
        let right = rng.random_range(-margin..=margin) as isize;
        let mirror = self.mirror && rng.random::<bool>();
        crop::crop(&varied, side, (down, right), mirror)
    }

    /// Sets the square of cutout and the rectangle of random erasing to zero, the mean, in
    /// normalized pixels `[channels, height, width]`.
    pub fn cut(&self, pixels: &mut [f32], side: impl Into<Extent>, rng: &mut Stream) {
        let side = side.into();
        let length = (self.cutout * side.shorter() as f64).round() as usize;
        cutout::cut(pixels, side, length, rng);
        if self.erase > 0.0 {
            erase::erase(pixels, side, self.erase, rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varied(
        augmentation: &Augmentation,
        image: &[u8],
        (seed, epoch, index): (u64, u64, usize),
    ) -> Vec<u8> {
        if augmentation.spares(seed, epoch, index) {
            return image.to_vec();
        }
        augmentation.vary(image, 3, &mut Augmentation::stream(seed, epoch, index))
    }

    #[test]
    fn every_crop_and_mirror_image_occurs() {
        let image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let crops = Augmentation { margin: 1, mirror: true, ..Augmentation::default() };
        let all: std::collections::HashSet<_> =
            (0..400).map(|i| varied(&crops, &image, (1, 2, i))).collect();
        assert_eq!(all.len(), 18);
        assert!(all.contains(&vec![1, 2, 3, 4, 5, 6, 7, 8, 9]));
        assert!(all.contains(&vec![3, 2, 1, 6, 5, 4, 9, 8, 7]));
        assert!(all.contains(&vec![5, 6, 0, 8, 9, 0, 0, 0, 0]));
        let same = varied(&crops, &image, (1, 2, 3));
        assert_eq!(same, varied(&crops, &image, (1, 2, 3)));
        assert_eq!(varied(&Augmentation::default(), &image, (1, 2, 3)), image);
    }

    #[test]
    fn a_share_of_the_images_is_varied_and_always_the_same_way() {
        let image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let whole = Augmentation { margin: 1, mirror: true, ..Augmentation::default() };
        let some = Augmentation { share: 0.3, ..whole.clone() };
        let mut spared = 0;
        for index in 0..2000 {
            let all = varied(&whole, &image, (1, 2, index));
            let own = varied(&some, &image, (1, 2, index));
            assert!(own == all || own == image);
            spared += usize::from(own == image && all != image);
        }
        // 17 of 18 variations differ from the image.
        let expected = 2000.0 * 0.7 * 17.0 / 18.0;
        assert!((spared as f64 - expected).abs() < 100.0, "{spared}");
        assert_eq!(varied(&Augmentation { share: 0.0, ..whole }, &image, (1, 2, 3)), image);
    }
}
