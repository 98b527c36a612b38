//! Smaller images.

use crate::images::Images;
use automl_pictures::shrunk;

impl Images {
    /// The images at a smaller side in pixels, by area: each new pixel is the mean of the area that
    /// it covers, with parts of pixels in proportion. Images of at most this side stay as they are.
    pub fn resized(&self, side: usize) -> Self {
        if side == 0 || side >= self.side {
            return self.clone();
        }
        let planes = self.iter().flat_map(|image| image.chunks_exact(self.side * self.side));
        let pixels = shrunk(planes, self.side, side);
        Self::new(self.channels, side, pixels, self.labels.clone())
    }
}
