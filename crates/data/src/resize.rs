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
