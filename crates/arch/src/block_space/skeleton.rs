//! What the size of the images decides: halvings, repeats, channel ranges.

use super::choice::BlockChoice;
use super::{BLOCKS, BlockSpaceError, BlockSpaceOptions};

/// A range of channels: low, high, step.
pub(crate) type Range = (i64, i64, i64);

/// Ranges of one block in the published space, before the scale.
struct Published {
    plain: Range,
    v2: Range,
    v2_expansion: i64,
    v3: Range,
}

/// m1 has only the first range.
const PUBLISHED: [Published; BLOCKS] = [
    Published { plain: (16, 64, 16), v2: (16, 16, 16), v2_expansion: 1, v3: (16, 16, 16) },
    Published { plain: (16, 128, 16), v2: (16, 32, 16), v2_expansion: 4, v3: (16, 40, 8) },
    Published { plain: (16, 128, 16), v2: (8, 32, 8), v2_expansion: 8, v3: (8, 40, 8) },
    Published { plain: (16, 256, 16), v2: (8, 64, 8), v2_expansion: 8, v3: (8, 80, 8) },
    Published { plain: (16, 256, 16), v2: (16, 128, 16), v2_expansion: 8, v3: (16, 80, 16) },
    Published { plain: (16, 512, 16), v2: (16, 128, 16), v2_expansion: 8, v3: (16, 160, 16) },
    Published { plain: (128, 1024, 128), v2: (16, 160, 16), v2_expansion: 8, v3: (8, 160, 8) },
];

const LAST_DIM: Range = (128, 1024, 128);

#[derive(Clone, Debug)]
pub(crate) struct Skeleton {
    pub(crate) width: f64,
    pub(crate) extended: bool,
    pub(crate) multiples: bool,
    pub(crate) max_repeat: i64,
    pub(crate) halvings: (usize, usize),
    side: usize,
}

impl Skeleton {
    pub(crate) fn new(side: usize, options: &BlockSpaceOptions) -> Result<Self, BlockSpaceError> {
        let width = options.width;
        if !(width > 0.0 && width <= 4.0) {
            return Err(BlockSpaceError::Width { width });
        }
        // Maps of 4 pixels at the end, of 2 for small images, and at most five halvings.
        let log = usize::BITS - side.saturating_sub(1).leading_zeros();
        let most = match side {
            0..=3 => 0,
            4..=16 => log as usize - 1,
            _ => (log as usize - 2).min(5),
        };
        let (least, most) = options.downsamplings.unwrap_or((most.saturating_sub(1), most));
        if least > most || most > BLOCKS {
            return Err(BlockSpaceError::Downsamplings { least, most });
        }
        let repeat = match side {
            0..=16 => 2,
            17..=64 => 3,
            _ => 5,
        };
        let max_repeat = options.max_repeat.unwrap_or(repeat);
        if !(1..=64).contains(&max_repeat) {
            return Err(BlockSpaceError::Repeat { most: max_repeat });
        }
        Ok(Self {
            width,
            extended: options.extended,
            multiples: options.multiples,
            max_repeat: max_repeat as i64,
            halvings: (least, most),
            side,
        })
    }

    /// Channels of Conv and DWConv.
    pub(crate) fn plain(&self, block: usize) -> Range {
        self.scaled(PUBLISHED[block].plain)
    }

    /// Channels and the largest expansion of version 2 inverted residuals.
    pub(crate) fn v2(&self, block: usize) -> (Range, i64) {
        (self.scaled(PUBLISHED[block].v2), PUBLISHED[block].v2_expansion)
    }

    /// Channels of version 3 inverted residuals and of the extended blocks.
    pub(crate) fn v3(&self, block: usize) -> Range {
        self.scaled(PUBLISHED[block].v3)
    }

    pub(crate) fn last_dim(&self) -> Range {
        self.scaled(LAST_DIM)
    }

    /// How likely a block of a good network halves its maps: the halvings spread over m2 to m7,
    /// and over m1 too where the image is large enough to lose little by it.
    pub(crate) fn halving_odds(&self, block: usize) -> f64 {
        let stem = match self.side {
            0..=16 => 0.1,
            17..=63 => 0.7,
            _ => 0.9,
        };
        if block == 0 {
            return stem;
        }
        ((self.halvings.1 as f64 - stem) / (BLOCKS - 1) as f64).clamp(0.05, 0.95)
    }

    /// A range times the width, in multiples of 8.
    fn scaled(&self, (low, high, step): Range) -> Range {
        let eights = |x: i64| ((x as f64 * self.width / 8.0).round() as i64).max(1) * 8;
        let (low, step) = (eights(low), eights(step));
        let high = eights(high).max(low);
        (low, low + (high - low) / step * step, step)
    }

    /// Enforces the bounds on halvings; see [`BlockSpace::architecture`](super::BlockSpace).
    pub(crate) fn bound_downsamplings(&self, blocks: &mut [BlockChoice]) {
        let (least, most) = self.halvings;
        let mut halvings = 0;
        for block in blocks.iter_mut() {
            if block.halves() && halvings == most {
                block.keep_side();
            }
            halvings += usize::from(block.halves());
        }
        for block in blocks.iter_mut().skip(1) {
            if halvings < least && !block.halves() && block.halve() {
                halvings += 1;
            }
        }
    }
}
