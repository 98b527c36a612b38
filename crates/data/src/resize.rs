//! Smaller images.

use crate::images::Images;
use automl_extent::Extent;
use automl_pictures::shrunk;

impl Images {
    /// The images at a smaller height and width in pixels, by area: each new pixel is the mean of the
    /// area that it covers, with parts of pixels in proportion. Images never become larger.
    pub fn resized(&self, side: impl Into<Extent>) -> Self {
        let side = side.into().within(self.side);
        if side.pixels() == 0 || side == self.side {
            return self.clone();
        }
        let planes = self.iter().flat_map(|image| image.chunks_exact(self.side.pixels()));
        let pixels = shrunk(planes, self.side, side);
        Self::new(self.channels, side, pixels, self.labels.clone())
    }
}
