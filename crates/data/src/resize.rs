//! Smaller images.

use crate::images::Images;

impl Images {
    /// The images at a smaller side in pixels, by area: each new pixel is the mean of the area that
    /// it covers, with parts of pixels in proportion. Images of at most this side stay as they are.
    pub fn resized(&self, side: usize) -> Self {
        if side == 0 || side >= self.side {
            return self.clone();
        }
        let windows = windows(self.side, side);
        let mut pixels = Vec::with_capacity(self.len() * self.channels * side * side);
        let planes = self.iter().flat_map(|image| image.chunks_exact(self.side * self.side));
        for plane in planes {
            for (top, down) in &windows {
                for (left, across) in &windows {
                    let mut sum = 0.0;
                    for (y, tall) in down.iter().enumerate() {
                        let row = &plane[(top + y) * self.side + left..];
                        let part = row.iter().zip(across).map(|(p, wide)| f64::from(*p) * wide);
                        sum += tall * part.sum::<f64>();
                    }
                    pixels.push(sum.round() as u8);
                }
            }
        }
        Self::new(self.channels, side, pixels, self.labels.clone())
    }
}

/// For each new pixel along one axis: the first old one that it covers, and the shares of its width
/// that this one and the next ones fill.
fn windows(from: usize, to: usize) -> Vec<(usize, Vec<f64>)> {
    // Positions in units of 1 / to of an old pixel, so all are whole numbers.
    (0..to)
        .map(|new| {
            let (start, end) = (new * from, (new + 1) * from);
            let first = start / to;
            let shares = (first..end.div_ceil(to)).map(|old| {
                let covered = end.min((old + 1) * to) - start.max(old * to);
                covered as f64 / from as f64
            });
            (first, shares.collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn images(side: usize, pixels: Vec<u8>) -> Images {
        let labels = vec![0; pixels.len() / (side * side)];
        Images::new(1, side, pixels, labels)
    }

    #[test]
    fn whole_windows_are_means() {
        let image = images(4, vec![0, 4, 8, 8, 8, 4, 8, 8, 1, 1, 9, 0, 1, 1, 0, 0]);
        assert_eq!(image.resized(2).image(0), [4, 8, 1, 2]);
        let columns = images(3, vec![0, 30, 90, 0, 30, 90, 0, 30, 90]);
        assert_eq!(columns.resized(2).image(0), [10, 70, 10, 70]);
        assert_eq!(image.resized(4), image);
        assert_eq!(image.resized(9), image);
    }

    proptest! {
        /// The mean of an image stays, but for rounding.
        #[test]
        fn means_stay(side in 2usize..12, to in 1usize..12, seed in proptest::collection::vec(any::<u8>(), 144)) {
            let image = images(side, seed[..side * side].to_vec());
            let small = image.resized(to);
            let mean = |image: &Images| {
                let pixels = image.image(0);
                pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / pixels.len() as f64
            };
            prop_assert_eq!(small.side, to.min(side));
            prop_assert!((mean(&image) - mean(&small)).abs() <= 0.5 + 1e-9);
        }
    }
}
