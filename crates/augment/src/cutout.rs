//! Cutout: a hidden square of the image.

use automl_extent::Extent;
use automl_numeric::Stream;
use rand::RngExt;

/// Sets a square of `length` pixels to zero in normalized pixels `[channels, height, width]`, where
/// zero is the mean. Its centre is anywhere in the image, so part of the square may lie outside.
///
/// # Source
/// DeVries & Taylor (2017), "Improved Regularization of Convolutional Neural Networks with Cutout",
/// section 3.2, arXiv 1708.04552.
pub(super) fn cut(pixels: &mut [f32], side: Extent, length: usize, rng: &mut Stream) {
    if length == 0 || side.pixels() == 0 {
        return;
    }
    let mut span = |side: usize| {
        let centre = rng.random_range(0..side);
        let start = centre.saturating_sub(length / 2);
        let end = (centre + length.div_ceil(2)).min(side);
        start..end
    };
    let (rows, columns) = (span(side.height), span(side.width));
    for plane in pixels.chunks_exact_mut(side.pixels()) {
        for row in plane.chunks_exact_mut(side.width).skip(rows.start).take(rows.len()) {
            row[columns.clone()].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;
    use automl_numeric::stream;
    use std::collections::BTreeMap;

    /// With its centre anywhere, a square of 4 in a side of 8 has 2 to 4 visible rows and columns.
    #[test]
    fn squares_are_cut_off_at_the_edges() {
        let mut sizes = BTreeMap::new();
        for image in 0..2000 {
            let mut pixels = vec![1.0; 2 * 64];
            cut(&mut pixels, 8.into(), 4, &mut stream(3, image, "augment"));
            assert_eq!(pixels[..64], pixels[64..], "all channels lose the same square");
            let zeros: Vec<usize> = (0..64).filter(|i| pixels[*i] == 0.0).collect();
            let (rows, columns): (Vec<_>, Vec<_>) = zeros.iter().map(|i| (i / 8, i % 8)).unzip();
            let extent =
                |list: &[usize]| list.iter().max().unwrap() - list.iter().min().unwrap() + 1;
            let size = (extent(&rows), extent(&columns));
            assert_eq!(zeros.len(), size.0 * size.1, "a rectangle");
            *sizes.entry(size).or_insert(0) += 1;
        }
        // Centres 0, 1 and 7 of eight see 2, 3 and 3 rows, the others 4.
        assert_eq!(sizes.keys().map(|size| size.0).min(), Some(2));
        let whole = f64::from(sizes[&(4, 4)]) / 2000.0;
        let expected = (5.0 / 8.0_f64).powi(2);
        assert!((whole - expected).abs() < 0.04, "{whole} of {expected}");
    }

    #[test]
    fn no_length_leaves_the_image() {
        let mut pixels = vec![1.0; 9];
        cut(&mut pixels, 3.into(), 0, &mut stream(3, 0, "augment"));
        assert_eq!(pixels, [1.0; 9]);
        cut(&mut pixels, 3.into(), 6, &mut stream(3, 0, "augment"));
        assert_eq!(pixels, [0.0; 9], "twice the side hides everything");
    }
}
