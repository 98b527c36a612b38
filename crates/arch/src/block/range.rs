//! Ranges of arguments.

/// The allowed values of a numeric argument.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The values in words, for documentation and error texts.
    pub expected: &'static str,
    pub(crate) contains: fn(f64) -> bool,
}

/// Channels of one layer.
pub(super) const CHANNELS: Range =
    Range { expected: "1 to 65536", contains: |value| (1.0..=65536.0).contains(&value) };

/// Side of a kernel or window, and its stride, in pixels.
pub(super) const PIXELS: Range =
    Range { expected: "1 to 8192", contains: |value| (1.0..=8192.0).contains(&value) };

/// Stride of a block that can halve its maps.
pub(super) const STRIDE: Range =
    Range { expected: "1 or 2", contains: |value| value == 1.0 || value == 2.0 };

/// Side of a depthwise kernel in pixels.
pub(super) const ODD_KERNEL: Range =
    Range { expected: "odd and at most 31", contains: |value| value % 2.0 == 1.0 && value <= 31.0 };

/// Distance of neighboring taps of a depthwise kernel in pixels.
pub(super) const DILATION: Range =
    Range { expected: "1 to 16", contains: |value| (1.0..=16.0).contains(&value) };

/// Inner channels per input or output channel.
pub(super) const EXPANSION: Range =
    Range { expected: "above 0 and at most 64", contains: |value| value > 0.0 && value <= 64.0 };
