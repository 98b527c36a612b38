//! Errors of lowering.

use automl_extent::Extent;

/// An architecture that cannot be built. Blocks are counted from 0.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
///
/// let layers = [Layer::once(Block::conv(0, 3, 1, Activation::Relu))];
/// let error = Architecture::new(3, 32, layers).graph().unwrap_err();
/// assert_eq!(error.to_string(), "block 0 (Conv): channels must be 1 to 65536, not 0");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// A setting of the whole network is out of range.
    #[error("{setting} must be {expected}, not {value}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// The allowed values.
        expected: &'static str,
    },
    /// An argument of a block is out of range.
    #[error("block {block} ({name}): {argument} must be {expected}, not {value}")]
    Argument {
        /// Index of the block in the backbone.
        block: usize,
        /// Name of the block.
        name: &'static str,
        /// Name of the argument.
        argument: &'static str,
        /// Its value.
        value: f64,
        /// The allowed values.
        expected: &'static str,
    },
    /// A window is larger than the padded map.
    #[error(
        "block {block} ({name}): a kernel of {kernel} does not fit on maps of side {side} with \
         {padding} zeros in all"
    )]
    Window {
        /// Index of the block in the backbone.
        block: usize,
        /// Name of the block.
        name: &'static str,
        /// Side of the kernel.
        kernel: usize,
        /// Height and width of the maps.
        side: Extent,
        /// Zeros before and after, together.
        padding: usize,
    },
    /// Groups do not divide the channels.
    #[error(
        "block {block} ({name}): {groups} groups do not divide {inputs} inputs and {outputs} \
         outputs"
    )]
    Groups {
        /// Index of the block in the backbone.
        block: usize,
        /// Name of the block.
        name: &'static str,
        /// Number of groups.
        groups: usize,
        /// Input channels.
        inputs: usize,
        /// Output channels.
        outputs: usize,
    },
    /// A block of maps stands behind `Flatten`, or a `Linear` before it.
    #[error("block {block} ({name}) needs {needs}: {hint}")]
    Shape {
        /// Index of the block in the backbone.
        block: usize,
        /// Name of the block.
        name: &'static str,
        /// The input that the block needs.
        needs: &'static str,
        /// The change that provides it.
        hint: &'static str,
    },
    /// The chain does not end in one number per class.
    #[error("the chain ends in {channels} maps of side {side}: pool them to class scores")]
    NoScores {
        /// Channels at the end.
        channels: usize,
        /// Height and width at the end.
        side: Extent,
    },
    /// No block has weights.
    #[error("no block of the chain has weights")]
    NoWeights,
    /// The network has too many weights.
    #[error("block {block}: with it the network has more than {most} weights")]
    Weights {
        /// Index of the block in the backbone.
        block: usize,
        /// The largest allowed number.
        most: u64,
    },
    /// The maps of a block are too large.
    #[error("block {block}: its maps have more than {most} numbers for one image")]
    Maps {
        /// Index of the block in the backbone.
        block: usize,
        /// The largest allowed number.
        most: u64,
    },
}
