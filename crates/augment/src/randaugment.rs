//! RandAugment: a few operations drawn at random, all of one magnitude.

use super::Transformation;
use automl_extent::Extent;
use automl_numeric::Stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Some of the fourteen [`Transformation`]s, drawn uniformly with replacement for each image.
///
/// The default is no operation, and magnitude 2. The best magnitude grows with the network and with
/// the number of images (section 4.1 of the paper, for networks of millions of parameters), so
/// small networks want a weak one.
///
/// # Source
/// Cubuk, Zoph, Shlens & Le (2019), "RandAugment: Practical automated data augmentation with a
/// reduced search space", section 3, arXiv 1909.13719.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandAugment {
    /// N, the number of operations on each image; 0 turns RandAugment off.
    pub operations: usize,
    /// M, how strong they are, 0 to [`RandAugment::MAX_MAGNITUDE`]. With 0 only those that know no
    /// strength act: automatic contrast and equalisation.
    pub magnitude: u8,
}

impl Default for RandAugment {
    fn default() -> Self {
        Self { operations: 0, magnitude: 2 }
    }
}

impl RandAugment {
    /// The magnitude at which operations have their full strength.
    pub const MAX_MAGNITUDE: u8 = 30;

    /// Changes an image `[channels, height, width]` of one or three channels.
    pub fn apply(&self, image: &mut [u8], side: impl Into<Extent>, rng: &mut Stream) {
        let side = side.into();
        for _ in 0..self.operations {
            let (operation, strength) = self.draw(rng);
            operation.apply(image, side, strength);
        }
    }

    /// One of the operations, and its strength with a direction.
    fn draw(&self, rng: &mut Stream) -> (Transformation, f64) {
        let operation = Transformation::ALL[rng.random_range(0..Transformation::ALL.len())];
        let strength = f64::from(self.magnitude) / f64::from(Self::MAX_MAGNITUDE);
        let back = operation.is_signed() && rng.random::<bool>();
        (operation, if back { -strength } else { strength })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use std::collections::HashMap;

    /// Pearson's chi-square over operations and directions; the bound is its 99.9th percentile.
    #[test]
    fn operations_and_directions_are_drawn_uniformly() {
        let mut rng = stream(5, 0, "augment");
        let policy = RandAugment { operations: 1, magnitude: 15 };
        let mut counts = HashMap::new();
        const DRAWS: usize = 28_000;
        for _ in 0..DRAWS {
            let (operation, strength) = policy.draw(&mut rng);
            assert_eq!(strength.abs(), 0.5);
            *counts.entry((operation, strength > 0.0)).or_insert(0u32) += 1;
        }
        let cells = Transformation::ALL
            .map(Transformation::is_signed)
            .map(|signed| if signed { 2 } else { 1 });
        assert_eq!(counts.len(), cells.iter().sum::<usize>());
        let chi_square: f64 = counts
            .iter()
            .map(|((operation, _), count)| {
                let share = if operation.is_signed() { 0.5 } else { 1.0 };
                let expected = DRAWS as f64 / 14.0 * share;
                (f64::from(*count) - expected).powi(2) / expected
            })
            .sum();
        // 23 cells, 22 degrees of freedom.
        assert!(chi_square < 48.27, "{chi_square}");
    }
}
