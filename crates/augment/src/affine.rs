//! One random affine map: a turn, a scale, a shear and a shift at once, between the pixels.

use automl_extent::Extent;
use automl_numeric::Stream;
use rand::RngExt;

/// The largest turn at strength 1, in radians: 30 degrees.
const TURN: f64 = std::f64::consts::FRAC_PI_6;

/// The largest change of size at strength 1.
const SCALE: f64 = 0.25;

/// The largest shear at strength 1, in pixels per row.
const SHEAR: f64 = 0.2;

/// The largest shift at strength 1 in each direction, as a share of width and height.
const SHIFT: f64 = 0.15;

/// Coefficients of the way back: the pixel `(x, y)` of the result comes from
/// `(a x + b y + c, d x + e y + f)` of the source, both measured at the centers of pixels.
type Inverse = [f64; 6];

/// Draws a map, each of its parts uniformly and `strength` times its largest value either way.
pub(super) fn draw(strength: f64, side: Extent, rng: &mut Stream) -> Inverse {
    let mut either = |most: f64| most * strength * (2.0 * rng.random::<f64>() - 1.0);
    let (turn, scale, shear) = (either(TURN), 1.0 + either(SCALE), either(SHEAR));
    let (width, height) = (side.width as f64, side.height as f64);
    let shifts = [either(SHIFT) * width, either(SHIFT) * height];
    let (sin, cos) = (libm::sin(turn), libm::cos(turn));
    let [a, b] = [cos / scale, (cos * shear + sin) / scale];
    let [d, e] = [-sin / scale, (cos - sin * shear) / scale];
    // The center of the image moves by the shifts.
    let center = [width / 2.0, height / 2.0];
    let (x, y) = (center[0] + shifts[0], center[1] + shifts[1]);
    [a, b, center[0] - a * x - b * y, d, e, center[1] - d * x - e * y]
}

/// Maps an image `[channels, height, width]` by bilinear interpolation, black outside, as Pillow's
/// `Image.transform` with `AFFINE` and `BILINEAR`.
pub(super) fn apply(map: Inverse, image: &mut [u8], side: Extent) {
    let Extent { height, width } = side;
    let [a, b, c, d, e, f] = map;
    let source = image.to_vec();
    let plane = side.pixels().max(1);
    for (index, place) in (0..side.pixels()).map(|index| (index, (index % width, index / width))) {
        let (x, y) = (place.0 as f64 + 0.5, place.1 as f64 + 0.5);
        let (x, y) = (a * x + b * y + c, d * x + e * y + f);
        let inside = |z: f64, side: usize| z >= 0.0 && z < side as f64;
        if !inside(x, width) || !inside(y, height) {
            image.iter_mut().skip(index).step_by(plane).for_each(|pixel| *pixel = 0);
            continue;
        }
        let split = |z: f64, side: usize| {
            let last = side.saturating_sub(1) as f64;
            let low = (z - 0.5).floor();
            let at = |z: f64| z.clamp(0.0, last) as usize;
            (at(low), at(low + 1.0), z - 0.5 - low)
        };
        let ((left, right, dx), (above, below, dy)) = (split(x, width), split(y, height));
        for (from, to) in source.chunks_exact(plane).zip(image.chunks_exact_mut(plane)) {
            let row = |y: usize| {
                let value = |x: usize| f64::from(from[y * width + x]);
                value(left) * (1.0 - dx) + value(right) * dx
            };
            to[index] = (row(above) * (1.0 - dy) + row(below) * dy) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use proptest::prelude::*;

    /// Made by Pillow 13: `Image.transform((4, 4), AFFINE, (0.9, 0.2, -0.3, -0.15, 1.1, 0.4),
    /// BILINEAR)` of the bytes 10, 25, ..., 235.
    #[test]
    fn pixels_are_those_of_pillow() {
        let mut image: Vec<u8> = (0..16).map(|i| 10 + 15 * i).collect();
        apply([0.9, 0.2, -0.3, -0.15, 1.1, 0.4], &mut image, 4.into());
        assert_eq!(image, PILLOW);
    }

    const PILLOW: [u8; 16] =
        [32, 33, 37, 46, 98, 102, 106, 111, 166, 171, 175, 180, 0, 0, 222, 235];

    proptest! {
        #[test]
        fn no_strength_changes_nothing(
            image in prop::collection::vec(any::<u8>(), 2 * 49),
            seed in any::<u64>(),
        ) {
            let mut copy = image.clone();
            apply(draw(0.0, 7.into(), &mut stream(seed, 0, "affine")), &mut copy, 7.into());
            prop_assert_eq!(copy, image);
        }

        /// The area of the map is that of the scale, and the center goes where the shifts say.
        #[test]
        fn maps_stay_within_their_strength(
            seed in any::<u64>(),
            strength in 0.0..1.0,
            height in 8_usize..40,
            width in 8_usize..40,
        ) {
            let side = Extent::new(height, width);
            let [a, b, c, d, e, f] = draw(strength, side, &mut stream(seed, 0, "affine"));
            let scale = 1.0 / (a * e - b * d).sqrt();
            prop_assert!((scale - 1.0).abs() <= SCALE * strength + 1e-12);
            let turn = (-d).atan2(a);
            prop_assert!(turn.abs() <= TURN * strength + 1e-12);
            let [height, width] = [height, width].map(|side| side as f64);
            let most = SHIFT * strength;
            let inverse = |u: f64, v: f64| {
                let area = a * e - b * d;
                ((e * (u - c) - b * (v - f)) / area, (a * (v - f) - d * (u - c)) / area)
            };
            let (x, y) = inverse(width / 2.0, height / 2.0);
            prop_assert!((x - width / 2.0).abs() <= most * width + 1e-9);
            prop_assert!((y - height / 2.0).abs() <= most * height + 1e-9);
        }
    }
}
