//! The chain of nodes under construction.

mod branch;
mod convolutions;

pub(crate) use branch::{Branch, depthwise, pointwise, spatial};
pub(crate) use convolutions::Window;

use crate::error::ArchitectureError;
use crate::limits::MAX_CHANNELS;
use crate::op::{Convolution, Op};
use automl_extent::Extent;
use std::ops::RangeInclusive;

pub(crate) type Checked<T> = Result<T, ArchitectureError>;

/// `value` rounded to a multiple of `divisor`, at least `divisor` and never below 90 % of `value`.
///
/// With r = max(⌊(value + divisor / 2) / divisor⌋ divisor, divisor) the result is r, or
/// r + divisor where r < 0.9 value.
///
/// # Source
/// The rule of the MobileNet code (Sandler et al. 2018, arXiv 1801.04381).
///
/// # Examples
/// ```
/// use automl_arch::make_divisible;
///
/// assert_eq!(make_divisible(3.0, 8), 8);
/// assert_eq!(make_divisible(12.0, 8), 16);
/// assert_eq!(make_divisible(18.0, 8), 24); // 16 would be below 90 %
/// ```
pub fn make_divisible(value: f64, divisor: usize) -> usize {
    let half = divisor as f64 / 2.0;
    let rounded = ((value + half).max(0.0) as usize / divisor * divisor).max(divisor);
    if (rounded as f64) < 0.9 * value { rounded + divisor } else { rounded }
}

/// Layer and copy that a node of the graph comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeOrigin {
    /// Index of the layer in the backbone, and on into the head.
    pub layer: usize,
    /// Index of the copy of the layer's block, from 0.
    pub copy: usize,
}

/// The chain so far: its nodes and the shape of its output.
pub(crate) struct Builder {
    pub(crate) channels: usize,
    pub(crate) side: Extent,
    /// Whether the output is a vector.
    pub(crate) flat: bool,
    pub(crate) nodes: Vec<Op>,
    /// The origin of each node, up to the last finished copy.
    pub(crate) origins: Vec<NodeOrigin>,
    /// The width multiple; `None` where channels are taken as they are.
    width: Option<f64>,
    block: usize,
    name: &'static str,
    copy: usize,
}

impl Builder {
    /// An empty chain on images `[channels, height, width]`.
    pub(crate) fn new(channels: usize, side: Extent, width: f64) -> Self {
        Self {
            channels,
            side,
            flat: false,
            nodes: Vec::new(),
            origins: Vec::new(),
            width: Some(width),
            block: 0,
            name: "",
            copy: 0,
        }
    }

    /// Begins the block at an index of the backbone.
    pub(crate) fn begin(&mut self, block: usize, name: &'static str) {
        (self.block, self.name, self.copy) = (block, name, 0);
    }

    /// Attributes the nodes since the last call to one copy of the block.
    pub(crate) fn end_copy(&mut self) {
        let origin = NodeOrigin { layer: self.block, copy: self.copy };
        self.origins.resize(self.nodes.len(), origin);
        self.copy += 1;
    }

    /// Lays out copies of a block of which the first has the stride, the others stride 1.
    pub(crate) fn repeat_strided(
        &mut self,
        stride: usize,
        repeat: usize,
        mut copy: impl FnMut(&mut Self, usize) -> Checked<()>,
    ) -> Checked<()> {
        for index in 0..repeat {
            copy(self, if index == 0 { stride } else { 1 })?;
            self.end_copy();
        }
        Ok(())
    }

    /// An empty branch on the output of the chain.
    pub(crate) fn branch(&self) -> Branch {
        Branch { channels: self.channels, side: self.side, nodes: Vec::new() }
    }

    /// Appends a branch in series.
    pub(crate) fn extend(&mut self, branch: Branch) {
        self.channels = branch.channels;
        self.side = branch.side;
        self.nodes.extend(branch.nodes);
    }

    /// Appends a branch, with an identity shortcut where that is wanted and the shape is kept.
    pub(crate) fn add(&mut self, branch: Branch, shortcut: bool) {
        if shortcut && branch.channels == self.channels && branch.side == self.side {
            self.nodes.push(Op::Sum { body: branch.nodes, shortcut: Vec::new() });
        } else {
            self.extend(branch);
        }
    }

    /// Appends a convolution to a branch.
    ///
    /// # Errors
    /// [`ArchitectureError::Groups`] or [`ArchitectureError::Window`].
    pub(crate) fn convolve(&self, branch: &mut Branch, conv: Convolution) -> Checked<()> {
        let Convolution { inputs, outputs, groups, .. } = conv;
        let divides = groups > 0 && inputs % groups == 0 && outputs % groups == 0;
        if !divides {
            let (block, name) = (self.block, self.name);
            return Err(ArchitectureError::Groups { block, name, groups, inputs, outputs });
        }
        self.window(conv.span(), branch.side, conv.padding.0 + conv.padding.1)?;
        branch.side = conv.output_side(branch.side);
        branch.channels = outputs;
        branch.nodes.push(Op::Convolution(conv));
        Ok(())
    }

    /// Channels under the width multiple.
    pub(crate) fn scaled(&self, channels: usize) -> usize {
        self.width.map_or(channels, |width| make_divisible(channels as f64 * width, 8))
    }

    /// Ends the width multiple: the channels of the following blocks are taken as they are.
    pub(crate) fn keep_channels(&mut self) {
        self.width = None;
    }

    /// Checks the inner channels of a block.
    pub(crate) fn inner(&self, channels: usize) -> Checked<usize> {
        self.argument("expansion x channels", channels, 1..=MAX_CHANNELS, "1 to 65536")?;
        Ok(channels)
    }

    /// Checks an argument against its range.
    pub(crate) fn argument(
        &self,
        argument: &'static str,
        value: usize,
        range: RangeInclusive<usize>,
        expected: &'static str,
    ) -> Checked<()> {
        if range.contains(&value) {
            return Ok(());
        }
        Err(self.argument_error(argument, value as f64, expected))
    }

    /// The error for an argument out of its range.
    pub(crate) fn argument_error(
        &self,
        argument: &'static str,
        value: f64,
        expected: &'static str,
    ) -> ArchitectureError {
        let (block, name) = (self.block, self.name);
        ArchitectureError::Argument { block, name, argument, value, expected }
    }

    /// The error for a block on the wrong side of `Flatten`.
    pub(crate) fn shape_error(&self, needs: &'static str, hint: &'static str) -> ArchitectureError {
        ArchitectureError::Shape { block: self.block, name: self.name, needs, hint }
    }

    fn window(&self, kernel: usize, side: Extent, padding: usize) -> Checked<()> {
        if kernel <= side.shorter() + padding {
            return Ok(());
        }
        let (block, name) = (self.block, self.name);
        Err(ArchitectureError::Window { block, name, kernel, side, padding })
    }
}
