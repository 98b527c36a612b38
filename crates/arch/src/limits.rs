//! Limits on architectures, so that sizes do not overflow and untrusted files cannot ask for
//! unbounded memory.

/// Channels of one layer.
pub(crate) const MAX_CHANNELS: usize = 1 << 16;

/// Side of an image, kernel, stride or padding, in pixels.
pub(crate) const MAX_SIDE: usize = 1 << 13;

/// Copies of one block.
pub(crate) const MAX_REPEAT: usize = 1 << 10;

/// Blocks of one architecture.
pub(crate) const MAX_BLOCKS: usize = 1 << 12;

/// Copies of all blocks of one architecture.
pub(crate) const MAX_COPIES: usize = 1 << 16;

/// Weights of one network: 8 GiB of 32-bit floats.
pub(crate) const MAX_WEIGHTS: u64 = 1 << 31;

/// Numbers of the maps between two nodes, for one image: 2 GiB of 32-bit floats.
pub(crate) const MAX_NUMBERS: u64 = 1 << 29;
