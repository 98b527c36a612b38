//! Convolutions in several groups.
//!
//! Output channel o reads `n` input channels. The image is copied `n` times, each copy with the
//! input of every output at the output's place, so that all channels of a pixel are computed side by
//! side, as in a depthwise convolution, where n = 1 and the copy is the image itself.

use super::activate::activate;
use super::layout::pitch;
use super::window::Window;
use crate::nonlinearity::Nonlinearity;
use crate::operation::Convolution;
use automl_extent::Extent;
use automl_numeric::vector::{lanes, vectorized};
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// Windows at a time.
const ROWS: usize = 6;

/// A convolution in several groups.
#[derive(Debug)]
pub(super) struct Depthwise {
    window: Window,
    /// The input channels of each copy, by output channel.
    sources: Vec<Vec<usize>>,
    /// Numbers from one input pixel to the next, and from one output pixel to the next.
    pitch: usize,
    columns: usize,
    /// Pixels of a window behind its first one, in all copies.
    taps: Vec<usize>,
    /// For each vector of outputs and each tap, the weights.
    weights: Vec<f32>,
    bias: Vec<f32>,
    activation: Nonlinearity,
    /// Whether the one copy is the image.
    plain: bool,
}

impl Depthwise {
    pub(super) fn new(convolution: &Convolution, side: Extent) -> Self {
        let Convolution { inputs, outputs, kernel, stride, padding, groups, activation, .. } =
            *convolution;
        let (each, share, columns) = (inputs / groups, outputs / groups, pitch(outputs));
        let window = Window::new(side, kernel.into(), convolution.dilation, stride, padding);
        let sources: Vec<Vec<usize>> =
            (0..each).map(|j| (0..outputs).map(|o| o / share * each + j).collect()).collect();
        let copies = 0..each;
        let taps: Vec<usize> = copies
            .flat_map(|copy| window.taps.iter().map(move |tap| (copy, tap)))
            .map(|(copy, tap)| copy * window.pixels() + tap)
            .collect();
        let filter = convolution.filter_len();
        let mut weights = Vec::with_capacity(filter * columns);
        for first in (0..columns).step_by(lanes()) {
            for tap in 0..filter {
                let outputs = (first..first + lanes())
                    .map(|o| convolution.weight.get(o * filter + tap).copied().unwrap_or(0.0));
                weights.extend(outputs);
            }
        }
        let mut bias = convolution.bias.clone();
        bias.resize(columns, 0.0);
        let plain = convolution.is_depthwise();
        let pitch = pitch(inputs);
        Self { window, sources, pitch, columns, taps, weights, bias, activation, plain }
    }

    pub(super) fn scratch(&self) -> usize {
        let direct = self.plain && !self.window.has_border();
        if direct { 0 } else { self.sources.len() * self.window.pixels() * self.columns }
    }

    pub(super) fn run(&self, x: &[f32], scratch: &mut [f32], out: &mut [f32]) {
        let x = self.place(x, scratch);
        vectorized(Correlate { depthwise: self, x, out });
        activate(self.activation, &mut out[..self.window.starts.len() * self.columns]);
    }

    /// The copies of an image with their borders.
    fn place<'a>(&self, x: &'a [f32], scratch: &'a mut [f32]) -> &'a [f32] {
        let (window, columns) = (&self.window, self.columns);
        if self.plain {
            if !window.has_border() {
                return x;
            }
            window.place_copy(columns, 0.0, x, scratch);
            return scratch;
        }
        let copies = scratch.chunks_mut(window.pixels() * columns);
        for (sources, copy) in self.sources.iter().zip(copies) {
            window.place(columns, 0.0, copy, |first, row| {
                let pixels = x[first * self.pitch..].chunks_exact(self.pitch);
                for (to, from) in row.chunks_exact_mut(columns).zip(pixels) {
                    to.iter_mut().zip(sources).for_each(|(to, &source)| *to = from[source]);
                }
            });
        }
        scratch
    }
}

/// Sums over the windows.
struct Correlate<'a> {
    depthwise: &'a Depthwise,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Depthwise { window, columns, taps, weights, bias, .. } = self.depthwise;
        let vectors = columns / S::F32_LANES;
        let (x, _) = S::as_simd_f32s(self.x);
        let (weights, _) = S::as_simd_f32s(weights);
        let (bias, _) = S::as_simd_f32s(bias);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let filters = weights.chunks_exact(taps.len()).zip(bias).enumerate();
        for (vector, (filter, bias)) in filters {
            let rows = window.starts.chunks(ROWS).zip(out.chunks_mut(ROWS * vectors));
            for (starts, out) in rows {
                let mut sums = [*bias; ROWS];
                let first: [usize; ROWS] =
                    from_fn(|r| starts[r.min(starts.len() - 1)] * vectors + vector);
                for (&tap, &weight) in taps.iter().zip(filter) {
                    for r in 0..ROWS {
                        sums[r] = simd.mul_add_e_f32s(x[first[r] + tap * vectors], weight, sums[r]);
                    }
                }
                for (out, sum) in out.chunks_exact_mut(vectors).zip(sums) {
                    out[vector] = sum;
                }
            }
        }
    }
}
