//! Rotations, shears and translations: the nearest pixel under an affine map, in fixed point.

use automl_extent::Extent;

/// What lies outside of the image.
const FILL: u8 = 128;

/// Fractional bits of a coordinate.
const BITS: u32 = 16;

/// The inverse of an affine map: the pixel `(x, y)` of the result comes from
/// `(a x + b y + c, d x + e y + f)` of the source, both measured at the centres of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine([f64; 6]);

impl Affine {
    /// Rows shift by `level` pixels per row; the top edge stays.
    pub(super) fn shear_x(level: f64) -> Self {
        Self([1.0, level, 0.0, 0.0, 1.0, 0.0])
    }

    /// Columns shift by `level` pixels per column; the left edge stays.
    pub(super) fn shear_y(level: f64) -> Self {
        Self([1.0, 0.0, 0.0, level, 1.0, 0.0])
    }

    /// Everything moves by `pixels` to the left.
    pub(super) fn translate_x(pixels: f64) -> Self {
        Self([1.0, 0.0, pixels, 0.0, 1.0, 0.0])
    }

    /// Everything moves by `pixels` upwards.
    pub(super) fn translate_y(pixels: f64) -> Self {
        Self([1.0, 0.0, 0.0, 0.0, 1.0, pixels])
    }

    /// A turn about the centre, anticlockwise.
    pub(super) fn rotate(degrees: f64, side: Extent) -> Self {
        let (sin, cos) = (-degrees.to_radians()).sin_cos();
        let (x, y) = (side.width as f64 / 2.0, side.height as f64 / 2.0);
        Self([cos, sin, -cos * x - sin * y + x, -sin, cos, sin * x - cos * y + y])
    }

    /// Maps an image `[channels, height, width]`.
    pub(super) fn apply(&self, image: &mut [u8], side: Extent) {
        let Extent { height, width } = side;
        let [a, b, c, d, e, f] = self.0;
        let fixed = |v: f64| (v * f64::from(1 << BITS) + 0.5).floor() as i64;
        let right = (fixed(a), fixed(d));
        let down = (fixed(b), fixed(e));
        let corner = (fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5));
        let source = image.to_vec();
        let plane = side.pixels().max(1);
        for (from, to) in source.chunks_exact(plane).zip(image.chunks_exact_mut(plane)) {
            let mut start = corner;
            for row in to.chunks_exact_mut(width.max(1)) {
                let (mut x, mut y) = start;
                for pixel in row {
                    // Negative coordinates become huge ones.
                    let (column, line) = ((x >> BITS) as usize, (y >> BITS) as usize);
                    let inside = column < width && line < height;
                    *pixel = if inside { from[line * width + column] } else { FILL };
                    x += right.0;
                    y += right.1;
                }
                start.0 += down.0;
                start.1 += down.1;
            }
        }
    }
}
