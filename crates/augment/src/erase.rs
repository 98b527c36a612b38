//! Random erasing: a hidden rectangle of the image.

use automl_extent::Extent;
use automl_numeric::Stream;
use rand::RngExt;

/// The smallest and the largest share of the area that is hidden.
const AREA: [f64; 2] = [0.02, 0.4];

/// The largest ratio of the rectangle's sides, either way.
const RATIO: f64 = 10.0 / 3.0;

/// Draws of a rectangle before the image is left as it is.
const ATTEMPTS: usize = 10;

/// With some probability, sets a rectangle inside of the image to zero, the mean, in normalized
/// pixels `[channels, height, width]`: its area is uniform in 2 to 40 % of the image's, the ratio of its
/// sides log-uniform in 3/10 to 10/3.
///
/// # Source
/// Zhong, Zheng, Kang, Li & Yang (2020), "Random Erasing Data Augmentation", algorithm 1, arXiv
/// 1708.04896, with the mean for the random values and the ratio's logarithm drawn, as in
/// torchvision.
pub(super) fn erase(pixels: &mut [f32], side: Extent, probability: f64, rng: &mut Stream) {
    if side.pixels() == 0 || rng.random::<f64>() >= probability {
        return;
    }
    for _ in 0..ATTEMPTS {
        let area = AREA[0] + (AREA[1] - AREA[0]) * rng.random::<f64>();
        let ratio = libm::pow(RATIO, 2.0 * rng.random::<f64>() - 1.0);
        let length = |share: f64| (share.sqrt() * (side.pixels() as f64).sqrt()).round() as usize;
        let (height, width) = (length(area * ratio), length(area / ratio));
        if height < side.height && width < side.width {
            let top = rng.random_range(0..=side.height - height);
            let left = rng.random_range(0..=side.width - width);
            for plane in pixels.chunks_exact_mut(side.pixels()) {
                for row in plane.chunks_exact_mut(side.width).skip(top).take(height) {
                    row[left..left + width].fill(0.0);
                }
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;

    #[test]
    fn a_rectangle_within_the_limits_is_erased_in_a_share_of_the_images() {
        let (mut erased, mut areas) = (0, Vec::new());
        for image in 0..2000 {
            let mut pixels = vec![1.0; 2 * 32 * 32];
            erase(&mut pixels, 32.into(), 0.3, &mut stream(7, image, "erase"));
            let (first, second) = pixels.split_at(32 * 32);
            assert_eq!(first, second, "all channels lose the same rectangle");
            let zeros: Vec<usize> = (0..32 * 32).filter(|i| first[*i] == 0.0).collect();
            if zeros.is_empty() {
                continue;
            }
            erased += 1;
            let extent = |list: Vec<usize>| {
                list.iter().max().copied().unwrap_or(0) - list.iter().min().copied().unwrap_or(0)
                    + 1
            };
            let rows = extent(zeros.iter().map(|i| i / 32).collect());
            let columns = extent(zeros.iter().map(|i| i % 32).collect());
            assert_eq!(rows * columns, zeros.len(), "a rectangle");
            let ratio = rows as f64 / columns as f64;
            assert!((0.22..=4.5).contains(&ratio), "{ratio}");
            areas.push(zeros.len() as f64 / 1024.0);
        }
        assert!((f64::from(erased) / 2000.0 - 0.3).abs() < 0.04, "{erased}");
        assert!(areas.iter().all(|area| (0.012..=0.43).contains(area)));
        let mean = areas.iter().sum::<f64>() / areas.len() as f64;
        assert!((0.17..0.23).contains(&mean), "{mean}");
    }
}
