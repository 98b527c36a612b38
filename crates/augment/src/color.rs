//! Random brightness, contrast and saturation.

use super::enhance;
use automl_extent::Extent;
use automl_numeric::Stream;
use rand::RngExt;

/// Changes brightness, contrast and saturation of an image of one or three channels, each by a
/// factor from `[1 - strength, 1 + strength]`, in this order. Grey images have no saturation.
///
/// # Source
/// torchvision's `ColorJitter`, without hue and with a fixed order; the three steps are Pillow's.
pub(super) fn vary(image: &mut [u8], side: Extent, strength: f64, rng: &mut Stream) {
    let plane = side.pixels().max(1);
    let mut factor = || (1.0 + strength * (2.0 * rng.random::<f64>() - 1.0)) as f32;
    let (bright, contrast, color) = (factor(), factor(), factor());
    enhance::brightness(image, bright);
    enhance::contrast(image, plane, contrast);
    if image.len() == 3 * plane {
        enhance::color(image, plane, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;

    #[test]
    fn brightness_spreads_as_far_as_the_strength() {
        let mean = |image: &[u8]| image.iter().map(|v| f64::from(*v)).sum::<f64>() / 16.0;
        let draws: Vec<f64> = (0..2000)
            .map(|seed| {
                let mut image = vec![100; 16];
                vary(&mut image, 4.into(), 0.4, &mut stream(seed, 0, "color"));
                mean(&image) / 100.0
            })
            .collect();
        // A plain image has no contrast to change.
        assert!(draws.iter().all(|factor| (0.59..=1.41).contains(factor)));
        assert!(draws.iter().any(|factor| *factor < 0.65));
        assert!(draws.iter().any(|factor| *factor > 1.35));
        let mean = draws.iter().sum::<f64>() / 2000.0;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn no_strength_changes_nothing() {
        let image: Vec<u8> = (0..48).map(|i| i * 5).collect();
        let mut copy = image.clone();
        vary(&mut copy, 4.into(), 0.0, &mut stream(1, 0, "color"));
        assert_eq!(copy, image);
    }
}
