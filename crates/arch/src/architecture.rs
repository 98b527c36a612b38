//! Networks as data.

use crate::{Block, Cost, Graph, lower};
use serde::{Deserialize, Serialize};

/// A chain of blocks from an image to class scores.
///
/// Every field may be set freely; what cannot be built is refused, with its place, by
/// [`graph`](Self::graph), through which cost and network are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Channels of the input image.
    pub input_channels: usize,
    /// Side of the square input image, in pixels.
    pub input_side: usize,
    /// Repeats r > 1 become max(round(r x depth multiple), 1), ties to even.
    pub depth_multiple: f64,
    /// Channels c become `make_divisible(c x width multiple, 8)`.
    pub width_multiple: f64,
    /// The chain; its last layer gives one number per class.
    pub backbone: Vec<Layer>,
}

/// One entry of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// How many copies stand in a row, before the depth multiple.
    pub repeat: usize,
    /// What is repeated.
    pub block: Block,
}

/// Where a node of the graph comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeOrigin {
    /// The layer's index in the backbone.
    pub layer: usize,
    /// Which of the layer's copies, from 0.
    pub copy: usize,
}

impl Layer {
    /// A repeated block.
    pub fn new(repeat: usize, block: Block) -> Self {
        Self { repeat, block }
    }

    /// A block that stands once.
    pub fn once(block: Block) -> Self {
        Self { repeat: 1, block }
    }
}

impl Architecture {
    /// An architecture whose multiples are 1.
    pub fn new(
        input_channels: usize,
        input_side: usize,
        backbone: impl IntoIterator<Item = Layer>,
    ) -> Self {
        Self {
            input_channels,
            input_side,
            depth_multiple: 1.0,
            width_multiple: 1.0,
            backbone: backbone.into_iter().collect(),
        }
    }

    /// The primitive nodes that the chain stands for, with every multiple and repeat applied.
    ///
    /// # Errors
    /// The first block that cannot be built, with the offending argument.
    pub fn graph(&self) -> Result<Graph, ArchitectureError> {
        Ok(lower::lower(self)?.0)
    }

    /// For each node of the [graph](Self::graph) chain, the layer that it comes from.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn places(&self) -> Result<Vec<NodeOrigin>, ArchitectureError> {
        Ok(lower::lower(self)?.1)
    }

    /// Parameters, multiply-accumulates and peak activation memory.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn cost(&self) -> Result<Cost, ArchitectureError> {
        Ok(self.graph()?.cost())
    }

    /// The fingerprint of the graph form.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn fingerprint(&self) -> Result<u64, ArchitectureError> {
        Ok(self.graph()?.fingerprint())
    }

    /// How many outputs the last layer has.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn classes(&self) -> Result<usize, ArchitectureError> {
        Ok(self.graph()?.classes)
    }
}

/// Why an architecture cannot be built. Blocks are counted from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// A setting of the whole network is out of range.
    #[error("{setting} must be {expected}, not {value}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// An argument of a block is out of range.
    #[error("block {block} ({name}): {argument} must be {expected}, not {value}")]
    Argument {
        /// The block's index in the backbone.
        block: usize,
        /// The block's name.
        name: &'static str,
        /// Which argument.
        argument: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A window is larger than the padded map.
    #[error(
        "block {block} ({name}): a kernel of {kernel} does not fit on maps of side {side} with \
         {padding} zeros in all"
    )]
    Window {
        /// The block's index in the backbone.
        block: usize,
        /// The block's name.
        name: &'static str,
        /// Side of the kernel.
        kernel: usize,
        /// Side of the maps.
        side: usize,
        /// Zeros before and after, together.
        padding: usize,
    },
    /// Groups do not divide the channels.
    #[error(
        "block {block} ({name}): {groups} groups do not divide {inputs} inputs and {outputs} \
         outputs"
    )]
    Groups {
        /// The block's index in the backbone.
        block: usize,
        /// The block's name.
        name: &'static str,
        /// Groups.
        groups: usize,
        /// Input channels.
        inputs: usize,
        /// Output channels.
        outputs: usize,
    },
    /// A block of maps stands behind `Flatten`, or a `Linear` before it.
    #[error("block {block} ({name}) needs {needs}: {hint}")]
    Shape {
        /// The block's index in the backbone.
        block: usize,
        /// The block's name.
        name: &'static str,
        /// What it needs.
        needs: &'static str,
        /// What to change.
        hint: &'static str,
    },
    /// The chain does not end in one number per class.
    #[error("the chain ends in {channels} maps of side {side}: pool them to class scores")]
    NoScores {
        /// Channels at the end.
        channels: usize,
        /// Side at the end.
        side: usize,
    },
    /// No block has weights.
    #[error("no block of the chain has weights")]
    NoWeights,
    /// There are too many weights to be kept.
    #[error("block {block}: with it the network has more than {most} weights")]
    Weights {
        /// The block's index in the backbone.
        block: usize,
        /// The most.
        most: u64,
    },
}
