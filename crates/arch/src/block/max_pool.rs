//! Max pooling.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::range::PIXELS;
use crate::builder::{Builder, Checked};
use crate::op::Pooling;

arguments! {
    /// Largest value of each window.
    ///
    /// Maps of side n become maps of side ⌊(n + 2 p - k) / s⌋ + 1 for windows of side k, padding p
    /// and stride s. All repeated copies have the stride.
    pub struct MaxPool = ["MaxPool"] {
        /// Side of the window in pixels.
        pub kernel: usize, in PIXELS;
        /// Stride in both directions.
        pub stride: usize = kernel, in PIXELS;
        /// Border around the input in pixels, at most half of the window.
        pub padding: usize = 0;
    }
}

impl BlockKind for MaxPool {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        chain.pool(Pooling::Max, (self.kernel, self.stride, self.padding), repeat)
    }

    strided!();
}
