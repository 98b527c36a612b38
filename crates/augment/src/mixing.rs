//! Mixup and CutMix: images of a batch mixed with others of the same batch.

use automl_extent::Extent;
use automl_numeric::Stream;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Mixing of the images of a batch; the targets are mixed in the same proportion.
///
/// With a share l of Beta(alpha, alpha), mixup replaces an image x by `l x + (1 - l) y`, where y is
/// the image at the same place of the batch in a random order. CutMix replaces a rectangle of x by
/// that of y: it has the share 1 - l of the area and its center anywhere, so that a part may lie
/// outside; l is then corrected to the area that x keeps. Each batch has one l. With both, each
/// batch is mixed by one of them, drawn evenly.
///
/// # Source
/// Zhang, Cissé, Dauphin & Lopez-Paz (2018), "mixup: Beyond Empirical Risk Minimization", section
/// 2, arXiv 1710.09412; Yun et al. (2019), "CutMix", section 3.1, arXiv 1905.04899.
///
/// # Examples
/// ```
/// use automl_augment::Mixing;
/// use automl_numeric::stream;
///
/// let mut pixels = vec![0.0, 1.0];
/// let mixing = Mixing { mixup: 1.0, cutmix: 0.0 };
/// let mixed = mixing.apply(&mut pixels, 2, 1, &mut stream(2, 0, "example")).unwrap();
/// let partner = if mixed.partners[0] == 1 { 1.0 } else { 0.0 };
/// assert!((pixels[0] - (1.0 - mixed.share as f32) * partner).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mixing {
    /// The parameter alpha of mixup, 0 to [`Mixing::MAX_ALPHA`]; 0 for none. Small values mix little:
    /// with .2, most images are nearly whole.
    pub mixup: f64,
    /// The parameter alpha of CutMix, 0 to [`Mixing::MAX_ALPHA`]; 0 for none, 1 in the paper.
    pub cutmix: f64,
}

/// The outcome of mixing.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// For each image the place in the batch of the one that was mixed in.
    pub partners: Vec<usize>,
    /// The share of each image's own target, in `[0, 1]`; the rest is the partner's.
    pub share: f64,
}

impl Mixing {
    /// The largest alpha.
    pub const MAX_ALPHA: f64 = 4.0;

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        self.mixup <= 0.0 && self.cutmix <= 0.0
    }

    /// Mixes `count` images of normalized pixels `[count, channels, height, width]`.
    pub fn apply(
        &self,
        pixels: &mut [f32],
        count: usize,
        side: impl Into<Extent>,
        rng: &mut Stream,
    ) -> Option<Mixed> {
        let side = side.into();
        if self.is_none() || count == 0 {
            return None;
        }
        let mut partners: Vec<usize> = (0..count).collect();
        partners.shuffle(rng);
        let both = self.mixup > 0.0 && self.cutmix > 0.0;
        let cuts = if both { rng.random::<bool>() } else { self.cutmix > 0.0 };
        let share = beta(if cuts { self.cutmix } else { self.mixup }, rng);
        let source = pixels.to_vec();
        let size = pixels.len() / count;
        let pairs = || partners.iter().map(|partner| &source[partner * size..][..size]);
        if !cuts {
            for (own, other) in pixels.chunks_exact_mut(size).zip(pairs()) {
                let (l, m) = (share as f32, (1.0 - share) as f32);
                own.iter_mut().zip(other).for_each(|(own, other)| *own = l * *own + m * other);
            }
            return Some(Mixed { partners, share });
        }
        let mut span = |side: usize| {
            let length = (side as f64 * (1.0 - share).sqrt()).round() as usize;
            let center = rng.random_range(0..side.max(1));
            center.saturating_sub(length / 2)..(center + length.div_ceil(2)).min(side)
        };
        let (rows, columns) = (span(side.height), span(side.width));
        for (own, other) in pixels.chunks_exact_mut(size).zip(pairs()) {
            let rows_of = own.chunks_exact_mut(side.width).zip(other.chunks_exact(side.width));
            for (row, (own, other)) in rows_of.enumerate() {
                if rows.contains(&(row % side.height)) {
                    own[columns.clone()].copy_from_slice(&other[columns.clone()]);
                }
            }
        }
        let area = side.pixels().max(1) as f64;
        Some(Mixed { partners, share: 1.0 - (rows.len() * columns.len()) as f64 / area })
    }
}

/// A draw from Beta(alpha, alpha), by Jöhnk's method: two powers of uniform numbers, drawn again
/// until their sum is at most 1.
fn beta(alpha: f64, rng: &mut Stream) -> f64 {
    loop {
        let mut power = || libm::pow(rng.random::<f64>(), 1.0 / alpha);
        let (x, y) = (power(), power());
        let sum = x + y;
        if sum > 0.0 && sum <= 1.0 {
            return x / sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use proptest::prelude::*;

    /// Mean 1/2 and variance 1 / (4 (2 alpha + 1)).
    #[test]
    fn shares_have_the_moments_of_the_beta_distribution() {
        for alpha in [0.1, 0.4, 1.0, 3.0] {
            let mut rng = stream(3, 0, "beta");
            let draws: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut rng)).collect();
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!((mean - 0.5).abs() < 0.015, "{alpha}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.04, "{alpha}: {variance} {expected}");
        }
    }

    proptest! {
        /// A pixel is its own share and the partner's, and the total of a batch stays.
        #[test]
        fn mixup_is_linear(
            pixels in prop::collection::vec(-2.0f32..2.0, 6 * 2 * 9),
            alpha in 0.1..4.0,
            seed in any::<u64>(),
        ) {
            let mut own = pixels.clone();
            let mixing = Mixing { mixup: alpha, cutmix: 0.0 };
            let mixed = mixing.apply(&mut own, 6, 3, &mut stream(seed, 0, "mix")).unwrap();
            let l = mixed.share as f32;
            for (index, value) in own.iter().enumerate() {
                let other = pixels[mixed.partners[index / 18] * 18 + index % 18];
                prop_assert!((value - l * pixels[index] - (1.0 - l) * other).abs() < 1e-5);
            }
            let sum = |values: &[f32]| values.iter().sum::<f32>();
            prop_assert!((sum(&own) - sum(&pixels)).abs() < 1e-3);
        }

        /// Each pixel is the image's own or the partner's, and the share is that of its own.
        #[test]
        fn cutmix_keeps_pixels_and_counts_them(seed in any::<u64>(), alpha in 0.2..2.0) {
            let pixels: Vec<f32> = (0..5 * 3 * 64).map(|i| i as f32).collect();
            let mut own = pixels.clone();
            let mixing = Mixing { mixup: 0.0, cutmix: alpha };
            let mixed = mixing.apply(&mut own, 5, 8, &mut stream(seed, 0, "mix")).unwrap();
            let size = 3 * 64;
            for (index, value) in own.iter().enumerate() {
                let other = pixels[mixed.partners[index / size] * size + index % size];
                prop_assert!(*value == pixels[index] || *value == other);
            }
            for (image, partner) in mixed.partners.iter().enumerate().filter(|(i, p)| i != *p) {
                let range = image * size..(image + 1) * size;
                let kept = own[range.clone()].iter().zip(&pixels[range]).filter(|(a, b)| a == b);
                let share = kept.count() as f64 / size as f64;
                prop_assert!((share - mixed.share).abs() < 1e-9, "{} {}", partner, share);
            }
        }

        #[test]
        fn nothing_is_mixed_without_alpha(seed in any::<u64>()) {
            let mut pixels = vec![1.0, 2.0];
            let mixed = Mixing::default().apply(&mut pixels, 2, 1, &mut stream(seed, 0, "mix"));
            prop_assert!(mixed.is_none() && pixels == [1.0, 2.0]);
        }
    }
}
