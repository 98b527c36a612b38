//! Random crops and mirror images, on bytes.

use automl_space::stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How training images are varied.
///
/// Each image of each epoch has a random stream of its own, so the result depends neither on
/// threads nor on the order of the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Pixels of black margin before a crop of the old size at a random place; 0 for none.
    pub margin: usize,
    /// Whether half of the images are mirrored.
    pub mirror: bool,
    /// The share of the images that is varied at all, 0 to 1. It scales every kind of variation
    /// smoothly: an expected loss is linear in it.
    #[serde(default = "all")]
    pub share: f64,
}

fn all() -> f64 {
    1.0
}

impl Default for Augmentation {
    fn default() -> Self {
        Self { margin: 0, mirror: false, share: all() }
    }
}

impl Augmentation {
    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        self.margin == 0 && !self.mirror || self.share <= 0.0
    }

    /// A varied copy of an image `[channels, side, side]`, written to `out`.
    pub(crate) fn apply(
        &self,
        image: &[u8],
        side: usize,
        (seed, epoch, index): (u64, u64, usize),
        out: &mut Vec<u8>,
    ) {
        out.clear();
        let number = epoch << 32 | index as u64;
        let spared = || stream(seed, number, "augmented share").random::<f64>() >= self.share;
        if self.is_none() || self.share < 1.0 && spared() {
            out.extend_from_slice(image);
            return;
        }
        let mut rng = stream(seed, number, "augment");
        let margin = self.margin as i64;
        let down = rng.random_range(-margin..=margin) as isize;
        let right = rng.random_range(-margin..=margin) as isize;
        let mirror = self.mirror && rng.random::<bool>();
        out.resize(image.len(), 0);
        let inside =
            |at: usize, shift: isize| at.checked_add_signed(shift).filter(|moved| *moved < side);
        for (from, to) in image.chunks_exact(side * side).zip(out.chunks_exact_mut(side * side)) {
            for (y, row) in to.chunks_exact_mut(side).enumerate() {
                let Some(source) = inside(y, down) else { continue };
                let source = &from[source * side..(source + 1) * side];
                for (x, pixel) in row.iter_mut().enumerate() {
                    if let Some(column) = inside(x, right) {
                        *pixel = source[if mirror { side - 1 - column } else { column }];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Augmentation;

    fn varied(augmentation: &Augmentation, image: &[u8], key: (u64, u64, usize)) -> Vec<u8> {
        let mut out = Vec::new();
        augmentation.apply(image, 3, key, &mut out);
        out
    }

    #[test]
    fn every_crop_and_mirror_image_occurs() {
        let image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let crops = Augmentation { margin: 1, mirror: true, share: 1.0 };
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
        let whole = Augmentation { margin: 1, mirror: true, share: 1.0 };
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
