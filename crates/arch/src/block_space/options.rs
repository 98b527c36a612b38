//! Options of the block space.

use automl_space::SpaceError;
use serde::{Deserialize, Serialize};

/// Options of a [`BlockSpace`](crate::BlockSpace).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockSpaceOptions {
    /// Scale of all channel ranges, in (0, 4]; 1 is the published space, which is made for images of
    /// 224 pixels and networks of a million parameters.
    pub width: f64,
    /// Adds MBConv, Fire, Bottleneck, GhostBottleneck, the blocks with efficient channel attention
    /// and an optional max pooling behind blocks of stride 1.
    pub extended: bool,
    /// Adds the extended blocks and MobileOne, UIB, FasterNet and MixConv.
    pub recent: bool,
    /// Adds those blocks, GatedFFN, SplitConv, StarNet and DeepStem; the stem rarely halves images of
    /// less than 64 pixels.
    pub gated: bool,
    /// Searches the depth and width multiples in {0.25, 0.5, 0.75, 1}; without, both are 1.
    pub multiples: bool,
    /// Largest number of repeats of a block, 1 to 64; by default 2 for images up to 16 pixels, 3 up
    /// to 64, else 5.
    pub max_repeat: Option<usize>,
    /// Smallest and largest number of times that the image is halved, 0 to 7; by default from its
    /// side.
    pub downsamplings: Option<(usize, usize)>,
    /// Factor of the prior weight of blocks that pass their input on, above 0: larger factors make
    /// shorter networks likely.
    pub pass: f64,
    /// Shorter sides of the input image that are searched, each at most that of the images; none for
    /// theirs.
    pub sides: Vec<usize>,
}

impl Default for BlockSpaceOptions {
    fn default() -> Self {
        Self {
            width: 1.0,
            extended: false,
            recent: false,
            gated: false,
            multiples: true,
            max_repeat: None,
            downsamplings: None,
            pass: 1.0,
            sides: Vec::new(),
        }
    }
}

/// Options that give no space.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockSpaceError {
    /// The scale of the channels is out of range.
    #[error("the width of a block space must be above 0 and at most 4, not {width}")]
    Width {
        /// The given scale.
        width: f64,
    },
    /// The factor of blocks that pass their input on is out of range.
    #[error("the factor of passed blocks must be above 0 and finite, not {pass}")]
    Pass {
        /// The given factor.
        pass: f64,
    },
    /// A side is larger than the images.
    #[error("a side must be 1 to {most} pixels, that of the images, not {side}")]
    Side {
        /// The given side.
        side: usize,
        /// The shorter side of the images.
        most: usize,
    },
    /// The bound on repeats is out of range.
    #[error("a block must be allowed 1 to 64 repeats, not {most}")]
    Repeat {
        /// The given bound.
        most: usize,
    },
    /// The bounds on halvings contradict each other or ask for more than there are blocks.
    #[error("the image cannot be halved {least} to {most} times by seven blocks")]
    Downsamplings {
        /// The smallest number.
        least: usize,
        /// The largest number.
        most: usize,
    },
    /// The parameters themselves were refused.
    #[error(transparent)]
    Space(#[from] SpaceError),
}
