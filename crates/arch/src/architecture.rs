//! Networks as data.

use crate::block::Block;
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// A chain of blocks from an image `[input_channels, height, width]` to class scores.
///
/// Every field may be set freely. [`graph`](Self::graph) checks the values and names the first that
/// cannot be built; cost and network are made from the graph.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
///
/// let mut architecture = Architecture::new(3, 32, [
///     Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
///     Layer::new(4, Block::inverted_residual(3, 4.0, 24, 1)),
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(10)),
/// ]);
/// let full = architecture.cost()?;
/// architecture.width_multiple = 0.5;
/// architecture.depth_multiple = 0.5;
/// assert_eq!(architecture.classes()?, 10);
/// assert!(architecture.cost()?.macs < full.macs / 2);
/// # Ok::<(), automl_arch::ArchitectureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Channels of the input image, 1 to 65,536.
    pub input_channels: usize,
    /// Height and width of the input image in pixels, each 1 to 8,192.
    pub input_side: Extent,
    /// Depth multiple d in (0, 16]: repeats r > 1 become max(round(r d), 1), ties to even.
    pub depth_multiple: f64,
    /// Width multiple w in (0, 16]: channels c become
    /// [`make_divisible(c w, 8)`](crate::make_divisible).
    pub width_multiple: f64,
    /// The chain, of at most 4,096 layers with the head; its last layer gives one number per class.
    pub backbone: Vec<Layer>,
    /// The layers behind the backbone, to which the multiples do not apply: channels and repeats are
    /// taken as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub head: Vec<Layer>,
}

/// One entry of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Number of copies in a row before the depth multiple, 1 to 1,024.
    pub repeat: usize,
    /// The repeated block.
    pub block: Block,
}

impl Layer {
    /// A repeated block.
    pub fn new(repeat: usize, block: Block) -> Self {
        Self { repeat, block }
    }

    /// A single block.
    pub fn once(block: Block) -> Self {
        Self { repeat: 1, block }
    }

    /// Number of copies under a depth multiple d: 1 for r = 1, else max(round(r d), 1), ties to
    /// even.
    pub(crate) fn copies(repeat: usize, depth_multiple: f64) -> usize {
        match repeat {
            1 => 1,
            r => ((r as f64 * depth_multiple).round_ties_even() as usize).max(1),
        }
    }
}

impl Architecture {
    /// An architecture with both multiples 1.
    pub fn new(
        input_channels: usize,
        input_side: impl Into<Extent>,
        backbone: impl IntoIterator<Item = Layer>,
    ) -> Self {
        Self {
            input_channels,
            input_side: input_side.into(),
            depth_multiple: 1.0,
            width_multiple: 1.0,
            backbone: backbone.into_iter().collect(),
            head: Vec::new(),
        }
    }
}
