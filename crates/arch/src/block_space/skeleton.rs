//! Halvings, repeats and channel ranges from the size of the images.

use super::options::{BlockSpaceError, BlockSpaceOptions};
use crate::block::{Generation, Position, Steps};
use automl_extent::Extent;

/// Number of searched blocks.
pub(super) const BLOCKS: usize = 7;

/// Ranges of one block in the published space, before the scale.
struct Published {
    plain: Steps,
    v2: Steps,
    v2_expansion: i64,
    v3: Steps,
}

/// The published ranges of m1 to m7; m1 has only the first.
const PUBLISHED: [Published; BLOCKS] = [
    Published { plain: (16, 64, 16), v2: (16, 16, 16), v2_expansion: 1, v3: (16, 16, 16) },
    Published { plain: (16, 128, 16), v2: (16, 32, 16), v2_expansion: 4, v3: (16, 40, 8) },
    Published { plain: (16, 128, 16), v2: (8, 32, 8), v2_expansion: 8, v3: (8, 40, 8) },
    Published { plain: (16, 256, 16), v2: (8, 64, 8), v2_expansion: 8, v3: (8, 80, 8) },
    Published { plain: (16, 256, 16), v2: (16, 128, 16), v2_expansion: 8, v3: (16, 80, 16) },
    Published { plain: (16, 512, 16), v2: (16, 128, 16), v2_expansion: 8, v3: (16, 160, 16) },
    Published { plain: (128, 1024, 128), v2: (16, 160, 16), v2_expansion: 8, v3: (8, 160, 8) },
];

const LAST_DIM: Steps = (128, 1024, 128);

/// The frame into which blocks are put.
#[derive(Clone, Debug)]
pub(crate) struct Skeleton {
    pub(crate) width: f64,
    pub(crate) extended: bool,
    pub(crate) generation: Generation,
    pub(crate) multiples: bool,
    pub(crate) pass: f64,
    pub(crate) max_repeat: i64,
    pub(crate) halvings: (usize, usize),
    /// The shorter side of the images.
    side: usize,
}

impl Skeleton {
    pub(crate) fn new(
        images: Extent,
        options: &BlockSpaceOptions,
    ) -> Result<Self, BlockSpaceError> {
        let side = images.shorter();
        let width = options.width;
        if !(width > 0.0 && width <= 4.0) {
            return Err(BlockSpaceError::Width { width });
        }
        let pass = options.pass;
        if !(pass > 0.0 && pass.is_finite()) {
            return Err(BlockSpaceError::Pass { pass });
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
        let generation = match (options.gated, options.recent) {
            (true, _) => Generation::Gated,
            (false, true) => Generation::Recent,
            (false, false) => Generation::Usual,
        };
        Ok(Self {
            width,
            extended: options.extended || generation > Generation::Usual,
            generation,
            multiples: options.multiples,
            pass: options.pass,
            max_repeat: max_repeat as i64,
            halvings: (least, most),
            side,
        })
    }

    /// The ranges of block `index` (0 is m1) under the width.
    pub(crate) fn position(&self, index: usize) -> Position {
        let Published { plain, v2, v2_expansion, v3 } = &PUBLISHED[index];
        Position {
            stem: index == 0,
            plain: self.scaled(*plain),
            v2: (self.scaled(*v2), *v2_expansion),
            v3: self.scaled(*v3),
        }
    }

    /// Channels of the convolution before the classifier.
    pub(crate) fn last_dim(&self) -> Steps {
        self.scaled(LAST_DIM)
    }

    /// Prior probability that block `index` halves its maps: the halvings spread over m2 to m7, and
    /// over m1 too where the image is large enough to lose little by it; the stem of spaces with gated
    /// blocks keeps the resolution of small images.
    pub(crate) fn halving_odds(&self, index: usize) -> f64 {
        let stem = match self.side {
            0..=63 if self.generation == Generation::Gated => 0.1,
            0..=16 => 0.1,
            17..=63 => 0.7,
            _ => 0.9,
        };
        if index == 0 {
            return stem;
        }
        ((self.halvings.1 as f64 - stem) / (BLOCKS - 1) as f64).clamp(0.05, 0.95)
    }

    /// A range times the width, in multiples of 8.
    fn scaled(&self, (low, high, step): Steps) -> Steps {
        let eights = |x: i64| ((x as f64 * self.width / 8.0).round() as i64).max(1) * 8;
        let (low, step) = (eights(low), eights(step));
        let high = eights(high).max(low);
        (low, low + (high - low) / step * step, step)
    }
}
