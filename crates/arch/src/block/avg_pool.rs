//! Avg pooling.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::range::PIXELS;
use crate::builder::{Builder, Checked};
use crate::op::Pooling;

arguments! {
    /// Mean of each window, in which the zeros of the border count.
    ///
    /// Maps of side n become maps of side ⌊(n + 2 p - k) / s⌋ + 1 for windows of side k, padding p
    /// and stride s. All repeated copies have the stride.
    pub struct AvgPool = ["AvgPool"] {
        /// Side of the window in pixels.
        pub kernel: usize, in PIXELS;
        /// Stride in both directions.
        pub stride: usize = kernel, in PIXELS;
        /// Border around the input in pixels, at most half of the window.
        pub padding: usize = 0;
    }
}

impl BlockKind for AvgPool {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        chain.pool(Pooling::Average, (self.kernel, self.stride, self.padding), repeat)
    }

    strided!();
}
