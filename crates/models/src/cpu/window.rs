//! Pixels that a convolution's taps read.

use super::product::NONE;
use automl_arch::Convolution;

/// A convolution's geometry on maps of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) kernel: usize,
    /// Distance of neighboring taps; 1 but for depthwise convolutions.
    pub(super) dilation: usize,
    pub(super) stride: usize,
    /// Zeros before the first row and column.
    pub(super) before: usize,
    /// Zeros after the last.
    pub(super) after: usize,
    /// Height and width of the input.
    pub(super) input: (usize, usize),
    /// Height and width of the output.
    pub(super) output: (usize, usize),
}

/// Rows of a product over all pixels of some images.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) taps: Vec<usize>,
    /// For one tap after the other: at which number each row's pixel begins, or [`NONE`].
    pub(super) sources: Vec<u32>,
    /// Each row's pixel in the output.
    pub(super) targets: Vec<u32>,
}

impl Window {
    pub(super) fn new(spec: &Convolution, height: usize, width: usize) -> Self {
        let (before, after) = spec.padding;
        let side = |side: usize| (side + before + after - spec.span()) / spec.stride + 1;
        Self {
            kernel: spec.kernel,
            dilation: spec.dilation,
            stride: spec.stride,
            before,
            after,
            input: (height, width),
            output: (side(height), side(width)),
        }
    }

    /// Pixels from the first tap to the last, along one axis.
    pub(super) fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1)
    }

    /// The outputs of some images from pixels of `depth` numbers.
    pub(super) fn forward(&self, images: usize, depth: usize) -> Plan {
        let (height, width) = self.input;
        let (rows, columns) = self.output;
        // Where an output reads along one axis.
        let read = |at: usize, tap: usize, side: usize| {
            (at * self.stride + tap).checked_sub(self.before).filter(|&from| from < side)
        };
        let taps = self.kernel * self.kernel;
        let mut sources = Vec::with_capacity(taps * images * rows * columns);
        for tap in 0..taps {
            let (down, right) = (tap / self.kernel, tap % self.kernel);
            for image in 0..images {
                for y in 0..rows {
                    let line = read(y, down, height).map(|y| (image * height + y) * width);
                    sources.extend((0..columns).map(|x| {
                        let pixel = line.zip(read(x, right, width));
                        pixel.map_or(NONE, |(line, x)| ((line + x) * depth) as u32)
                    }));
                }
            }
        }
        let targets = (0..(images * rows * columns) as u32).collect();
        Plan { taps: (0..taps).collect(), sources, targets }
    }

    /// The gradient at the inputs of some images from that at the outputs, pixels of `depth`
    /// numbers. Pixels with different places modulo the stride are read by different taps, so each
    /// such class is a plan of its own.
    pub(super) fn backward(&self, images: usize, depth: usize) -> Vec<Plan> {
        let (height, width) = self.input;
        let (rows, columns) = self.output;
        // Which output reads an input through a tap, along one axis.
        let reader = |at: usize, tap: usize, side: usize| {
            let at = (at + self.before).checked_sub(tap)?;
            Some(at / self.stride).filter(|&to| at % self.stride == 0 && to < side)
        };
        let classes = (0..self.stride).flat_map(|y| (0..self.stride).map(move |x| (y, x)));
        let plan = |(down, right): (usize, usize)| {
            let reads = |at: usize, tap: usize| {
                (at + self.before + self.kernel * self.stride - tap).is_multiple_of(self.stride)
            };
            let taps: Vec<usize> = (0..self.kernel * self.kernel)
                .filter(|tap| reads(down, tap / self.kernel) && reads(right, tap % self.kernel))
                .collect();
            let lines = || (down..height).step_by(self.stride);
            let mut targets = Vec::new();
            for image in 0..images {
                for y in lines() {
                    let line = (image * height + y) * width;
                    targets.extend((right..width).step_by(self.stride).map(|x| (line + x) as u32));
                }
            }
            let mut sources = Vec::with_capacity(taps.len() * targets.len());
            for tap in &taps {
                for image in 0..images {
                    for y in lines() {
                        let line = reader(y, tap / self.kernel, rows)
                            .map(|y| (image * rows + y) * columns);
                        sources.extend((right..width).step_by(self.stride).map(|x| {
                            let pixel = line.zip(reader(x, tap % self.kernel, columns));
                            pixel.map_or(NONE, |(line, x)| ((line + x) * depth) as u32)
                        }));
                    }
                }
            }
            Plan { taps, sources, targets }
        };
        classes.map(plan).collect()
    }
}
