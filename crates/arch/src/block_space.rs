//! The seven-block search space.
//!
//! A chain m1 to m7, each block with its own type, repeats and the arguments of that type, then a
//! 1x1 convolution to `last_dim` channels, global average pooling and a linear classifier. Ranges,
//! names and multiples are those of the public code base of kindle (`tune.py`), the extended types
//! those of its participants; arguments exist only while their type is chosen.

mod arguments;
mod choice;
mod skeleton;

use crate::{Architecture, Graph};
use arguments::{BlockKeys, HeadKeys};
use automl_numeric::stream;
use automl_space::{Config, Space, SpaceError};
use serde::{Deserialize, Serialize};
use skeleton::Skeleton;

/// How many blocks are searched.
const BLOCKS: usize = 7;

/// Scales of the channel ranges that [`BlockSpace::within`] tries, widest first.
const WIDTHS: [f64; 9] = [1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.0625, 0.03125];

/// What shapes a [`BlockSpace`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockSpaceOptions {
    /// Scale of all channel ranges, above 0 and at most 4; 1 is the published space, which is made
    /// for images of 224 pixels and nets of a million parameters.
    pub width: f64,
    /// Adds MBConv, Fire, Bottleneck, GhostBottleneck, the blocks with efficient channel attention
    /// and an optional max pooling behind blocks of stride 1.
    pub extended: bool,
    /// Searches the depth and width multiples in {.25, .5, .75, 1}; without, both are 1.
    pub multiples: bool,
    /// The most repeats of a block, 1 to 64; by default 2 for images up to 16 pixels, 3 up to 64, else 5.
    pub max_repeat: Option<usize>,
    /// The least and the most times that the image is halved; by default from its side.
    pub downsamplings: Option<(usize, usize)>,
}

impl Default for BlockSpaceOptions {
    fn default() -> Self {
        Self { width: 1.0, extended: false, multiples: true, max_repeat: None, downsamplings: None }
    }
}

/// Why there is no such space.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockSpaceError {
    /// The scale of the channels is out of range.
    #[error("the width of a block space must be above 0 and at most 4, not {width}")]
    Width {
        /// What was given.
        width: f64,
    },
    /// The bound on repeats is out of range.
    #[error("a block must be allowed 1 to 64 repeats, not {most}")]
    Repeat {
        /// What was given.
        most: usize,
    },
    /// The bounds on halvings contradict each other or ask for more than there are blocks.
    #[error("the image cannot be halved {least} to {most} times by seven blocks")]
    Downsamplings {
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// The parameters themselves were refused.
    #[error(transparent)]
    Space(#[from] SpaceError),
}

/// A search space of light networks for images of one size.
#[derive(Clone, Debug)]
pub struct BlockSpace {
    input_channels: usize,
    input_side: usize,
    classes: usize,
    skeleton: Skeleton,
    space: Space,
    blocks: Vec<BlockKeys>,
    head: HeadKeys,
}

impl BlockSpace {
    /// The space for images of the given channels and side.
    ///
    /// # Errors
    /// An option out of its range.
    pub fn new(
        input_channels: usize,
        input_side: usize,
        classes: usize,
        options: &BlockSpaceOptions,
    ) -> Result<Self, BlockSpaceError> {
        let skeleton = Skeleton::new(input_side, options)?;
        let mut builder = Space::builder();
        let mut blocks = Vec::with_capacity(BLOCKS);
        for index in 0..BLOCKS {
            blocks.push(BlockKeys::add(&mut builder, index, &skeleton)?);
        }
        let head = HeadKeys::add(&mut builder, &skeleton)?;
        let space = builder.build()?;
        Ok(Self { input_channels, input_side, classes, skeleton, space, blocks, head })
    }

    /// The widest space of which most of the prior's networks keep within the caps.
    ///
    /// Channel ranges are scaled down until at least half of 256 networks drawn from the prior
    /// are allowed; `options.width` is where this starts. Which width that is depends on the
    /// arguments only.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn within(
        input_channels: usize,
        input_side: usize,
        classes: usize,
        options: &BlockSpaceOptions,
        allowed: impl Fn(&Graph) -> bool,
    ) -> Result<Self, BlockSpaceError> {
        const DRAWS: u64 = 256;
        let mut widths = WIDTHS.iter().map(|scale| scale * options.width).peekable();
        loop {
            let width = widths.next().unwrap_or(options.width);
            let options = BlockSpaceOptions { width, ..options.clone() };
            let space = Self::new(input_channels, input_side, classes, &options)?;
            let fits = (0..DRAWS)
                .filter(|&draw| {
                    let config = space.space.sample_prior(&mut stream(0, draw, "block space"));
                    space.architecture(&config).graph().is_ok_and(|network| allowed(&network))
                })
                .count() as u64;
            if 2 * fits >= DRAWS || widths.peek().is_none() {
                return Ok(space);
            }
        }
    }

    /// The parameters that samplers choose.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The scale of the channel ranges.
    pub fn width(&self) -> f64 {
        self.skeleton.width
    }

    /// The network that a configuration stands for.
    ///
    /// Halvings beyond the most allowed are taken as stride 1, in the order of the blocks; where
    /// there are too few, the first blocks after m1 that could halve do so. Repeats are those
    /// under the depth multiple, and only the first copy has the stride. A missing value of the
    /// configuration is its domain's default, so every configuration gives a network.
    pub fn architecture(&self, config: &Config) -> Architecture {
        self.lay_out(config).0
    }

    /// For each layer of a configuration's [architecture](Self::architecture) the block that it
    /// belongs to: 0 to 6 for m1 to m7, 7 for the convolution and the classifier behind them.
    pub fn blocks_of_layers(&self, config: &Config) -> Vec<usize> {
        self.lay_out(config).1
    }

    fn lay_out(&self, config: &Config) -> (Architecture, Vec<usize>) {
        let config = self.space.canonical(config);
        let depth = self.head.depth(&config);
        let mut chosen: Vec<_> = self.blocks.iter().map(|keys| keys.read(&config)).collect();
        self.skeleton.bound_downsamplings(&mut chosen);
        let mut backbone = Vec::new();
        let mut blocks = Vec::new();
        for (index, block) in chosen.iter().enumerate() {
            block.layers(depth, &mut backbone);
            blocks.resize(backbone.len(), index);
        }
        backbone.extend(self.head.layers(&config, self.classes));
        blocks.resize(backbone.len(), BLOCKS);
        let architecture = Architecture {
            input_channels: self.input_channels,
            input_side: self.input_side,
            depth_multiple: 1.0,
            width_multiple: self.head.width(&config),
            backbone,
        };
        (architecture, blocks)
    }
}
