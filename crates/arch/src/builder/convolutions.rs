//! Repeated plain convolutions and poolings.

use super::{Builder, Checked, spatial};
use crate::activation::Activation;
use crate::limits::MAX_SIDE;
use crate::op::{Convolution, Op, Pooling, output_side};

/// Kernel, stride and padding of a convolution; padding `None` is half of the kernel, rounded down.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: Option<usize>,
}

impl Builder {
    /// Appends copies of a normalized convolution of which the last has the stride; `groups`
    /// `None` is gcd(input, output channels).
    pub(crate) fn convolutions(
        &mut self,
        outputs: usize,
        window: Window,
        groups: Option<usize>,
        activation: Activation,
        repeat: usize,
    ) -> Checked<()> {
        let Window { kernel, stride, padding } = window;
        let padding = match padding {
            None => kernel / 2,
            Some(0) if kernel > 1 => {
                return Err(self.argument_error("padding", 0.0, "null, or 1 and more"));
            }
            Some(padding) => padding,
        };
        self.argument("padding", padding, 0..=MAX_SIDE, "at most 8192")?;
        for copy in 1..=repeat {
            let groups = groups.unwrap_or_else(|| gcd(self.channels, outputs));
            let stride = if copy == repeat { stride } else { 1 };
            let conv = spatial(self.channels, outputs, kernel, stride, groups, activation);
            let conv = Convolution { padding: (padding, padding), ..conv };
            let mut branch = self.branch();
            self.convolve(&mut branch, conv)?;
            self.extend(branch);
            self.end_copy();
        }
        Ok(())
    }

    /// Appends copies of a pooling, all with the stride; windows of one pixel are left out.
    pub(crate) fn pool(
        &mut self,
        kind: Pooling,
        (kernel, stride, padding): (usize, usize, usize),
        repeat: usize,
    ) -> Checked<()> {
        self.argument("padding", padding, 0..=kernel / 2, "at most half of the kernel")?;
        for _ in 0..repeat {
            self.window(kernel, self.side, 2 * padding)?;
            if kernel > 1 || stride > 1 {
                self.nodes.push(Op::Pool { kind, kernel, stride, padding });
            }
            self.side = output_side(self.side, kernel, stride, 2 * padding);
            self.end_copy();
        }
        Ok(())
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
