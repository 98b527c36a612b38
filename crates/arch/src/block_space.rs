//! The seven-block search space.
//!
//! A chain m1 to m7, each block with its own type, repeats and the arguments of that type, then a
//! 1x1 convolution to `last_dim` channels, global average pooling and a linear classifier. Ranges,
//! names and multiples are those of the public code base of kindle (`tune.py`); arguments are active
//! only while their type is chosen.

mod choice;
mod head;
mod keys;
mod options;
mod sides;
mod skeleton;

pub use options::{BlockSpaceError, BlockSpaceOptions};

use crate::architecture::Architecture;
use crate::graph::Graph;
use automl_extent::Extent;
use automl_numeric::stream;
use automl_space::{Config, Space};
use choice::bound_downsamplings;
use head::HeadKeys;
use keys::BlockKeys;
use sides::Sides;
use skeleton::{BLOCKS, Skeleton};

/// Scales of the channel ranges that [`BlockSpace::within`] tries, widest first.
const WIDTHS: [f64; 9] = [1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.0625, 0.03125];

/// A search space of light networks for images of one size.
///
/// # Examples
/// ```
/// use automl_arch::{BlockSpace, BlockSpaceOptions};
///
/// let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
/// let blocks = BlockSpace::within(1, 28, 10, &options, |graph| graph.cost().parameters <= 50_000)?;
/// let config = blocks.space().sample_prior(&mut automl_numeric::stream(1, 0, "example"));
/// let network = blocks.architecture(&config);
/// assert_eq!((network.input_side, network.classes()), (28.into(), Ok(10)));
/// # Ok::<(), automl_arch::BlockSpaceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BlockSpace {
    input_channels: usize,
    classes: usize,
    skeleton: Skeleton,
    space: Space,
    blocks: Vec<BlockKeys>,
    head: HeadKeys,
    sides: Sides,
}

impl BlockSpace {
    /// The space for images of the given channels, height and width.
    ///
    /// # Errors
    /// An option out of its range.
    pub fn new(
        input_channels: usize,
        input_side: impl Into<Extent>,
        classes: usize,
        options: &BlockSpaceOptions,
    ) -> Result<Self, BlockSpaceError> {
        let input_side = input_side.into();
        let skeleton = Skeleton::new(input_side, options)?;
        let mut builder = Space::builder();
        let mut blocks = Vec::with_capacity(BLOCKS);
        for index in 0..BLOCKS {
            blocks.push(BlockKeys::add(&mut builder, index, &skeleton)?);
        }
        let head = HeadKeys::add(&mut builder, &skeleton)?;
        let sides = Sides::add(&mut builder, &options.sides, input_side)?;
        let space = builder.build()?;
        Ok(Self { input_channels, classes, skeleton, space, blocks, head, sides })
    }

    /// The widest space of which most of the prior's networks keep within the caps.
    ///
    /// Channel ranges are scaled down from `options.width` until at least half of 256 networks drawn
    /// from the prior are allowed. The width is a function of the arguments.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn within(
        input_channels: usize,
        input_side: impl Into<Extent>,
        classes: usize,
        options: &BlockSpaceOptions,
        allowed: impl Fn(&Graph) -> bool,
    ) -> Result<Self, BlockSpaceError> {
        const DRAWS: u64 = 256;
        let input_side = input_side.into();
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
        bound_downsamplings(&self.skeleton, &mut chosen);
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
            input_side: self.sides.side(&config),
            depth_multiple: 1.0,
            width_multiple: self.head.width(&config),
            backbone,
            head: Vec::new(),
        };
        (architecture, blocks)
    }
}
