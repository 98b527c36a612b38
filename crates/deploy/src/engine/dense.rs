//! Convolutions in one group, as products of pixels with a matrix.
//!
//! A window is a sum over its taps of products (pixels x inputs) times (inputs x outputs). Tiles of
//! some pixels and some vectors of outputs stay in registers (Goto & van de Geijn 2008).

use super::activate::activate;
use super::layout::pitch;
use super::window::Window;
use crate::nonlinearity::Nonlinearity;
use crate::operation::{Convolution, Linear};
use automl_extent::Extent;
use automl_numeric::vector::{lanes, panels, vectorized};
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// Pixels that are finished, with their nonlinearity, before the next ones begin.
const BLOCK: usize = 96;

/// A convolution in one group.
#[derive(Debug)]
pub(super) struct Dense {
    window: Window,
    /// Numbers from one input pixel to the next, and those that are read of each.
    pitch: usize,
    depth: usize,
    /// Numbers from one output pixel to the next.
    columns: usize,
    panels: Vec<Panel>,
    /// For each panel, tap and input, the weights of the panel's outputs.
    weights: Vec<f32>,
    bias: Vec<f32>,
    activation: Nonlinearity,
}

/// Neighboring vectors of outputs.
#[derive(Clone, Copy, Debug)]
struct Panel {
    column: usize,
    vectors: usize,
    offset: usize,
}

impl Dense {
    pub(super) fn new(convolution: &Convolution, side: Extent) -> Self {
        let Convolution { inputs, kernel, stride, padding, activation, .. } = *convolution;
        let window = Window::new(side, kernel.into(), 1, stride, padding);
        Self::packed(window, inputs, &convolution.weight, &convolution.bias, activation)
    }

    /// A matrix product, with a window as large as the maps.
    pub(super) fn whole(linear: &Linear, channels: usize, side: Extent) -> Self {
        let window = Window::new(side, side, 1, 1, (0, 0));
        Self::packed(window, channels, &linear.weight, &linear.bias, linear.activation)
    }

    /// Weights `[outputs, inputs, taps]` in the order in which they are read.
    fn packed(
        window: Window,
        inputs: usize,
        weight: &[f32],
        bias: &[f32],
        activation: Nonlinearity,
    ) -> Self {
        let (outputs, taps) = (bias.len(), window.taps.len());
        let columns = pitch(outputs);
        let mut weights = Vec::with_capacity(taps * inputs * columns);
        let weight = |o: usize, i: usize, tap: usize| match o < outputs {
            true => weight[(o * inputs + i) * taps + tap],
            false => 0.0,
        };
        let panels = panels(columns).into_iter().map(|(column, vectors)| {
            let offset = weights.len();
            for (tap, i) in (0..taps).flat_map(|tap| (0..inputs).map(move |i| (tap, i))) {
                let outputs = column..column + vectors * lanes();
                weights.extend(outputs.map(|o| weight(o, i, tap)));
            }
            Panel { column, vectors, offset }
        });
        let panels = panels.collect();
        let mut bias = bias.to_vec();
        bias.resize(columns, 0.0);
        Self {
            window,
            pitch: pitch(inputs),
            depth: inputs,
            columns,
            panels,
            weights,
            bias,
            activation,
        }
    }

    pub(super) fn scratch(&self) -> usize {
        if self.window.has_border() { self.window.pixels() * self.pitch } else { 0 }
    }

    pub(super) fn run(&self, x: &[f32], scratch: &mut [f32], out: &mut [f32]) {
        let x = if self.window.has_border() {
            self.window.place_copy(self.pitch, 0.0, x, scratch);
            &*scratch
        } else {
            x
        };
        let blocks = self.window.starts.chunks(BLOCK).zip(out.chunks_mut(BLOCK * self.columns));
        for (starts, out) in blocks {
            vectorized(Product { dense: self, x, starts, out });
            activate(self.activation, &mut out[..starts.len() * self.columns]);
        }
    }
}

/// Sums of products of some windows.
struct Product<'a> {
    dense: &'a Dense,
    x: &'a [f32],
    /// First pixel of each window.
    starts: &'a [usize],
    out: &'a mut [f32],
}

impl Product<'_> {
    /// Computes a panel, `R` windows at a time.
    #[inline(always)]
    fn sweep<S: Simd, const R: usize, const V: usize>(&mut self, panel: Panel, simd: S) {
        let Dense { window, pitch, depth, columns, weights, bias, .. } = self.dense;
        let (weights, _) = S::as_simd_f32s(&weights[panel.offset..]);
        let (bias, _) = S::as_simd_f32s(&bias[panel.column..][..V * S::F32_LANES]);
        let bias: [S::f32s; V] = from_fn(|v| bias[v]);
        let rows = self.starts.chunks(R).zip(self.out.chunks_mut(R * columns));
        for (starts, out) in rows {
            let mut sums = [bias; R];
            let matrices = weights.chunks_exact(depth * V);
            for (&tap, matrix) in window.taps.iter().zip(matrices) {
                let lines: [&[f32]; R] = from_fn(|r| {
                    let start = starts[r.min(starts.len() - 1)];
                    &self.x[(start + tap) * pitch..][..*depth]
                });
                for (i, row) in matrix.chunks_exact(V).enumerate() {
                    let row: [S::f32s; V] = from_fn(|v| row[v]);
                    for r in 0..R {
                        let x = simd.splat_f32s(lines[r][i]);
                        for v in 0..V {
                            sums[r][v] = simd.mul_add_e_f32s(x, row[v], sums[r][v]);
                        }
                    }
                }
            }
            for (out, sums) in out.chunks_exact_mut(*columns).zip(&sums) {
                let out = &mut out[panel.column..][..V * S::F32_LANES];
                S::as_mut_simd_f32s(out).0.copy_from_slice(sums);
            }
        }
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let single = self.starts.len() == 1;
        for &panel in &self.dense.panels {
            match (panel.vectors, single) {
                (1, false) => self.sweep::<S, 8, 1>(panel, simd),
                (2, false) => self.sweep::<S, 4, 2>(panel, simd),
                (_, false) => self.sweep::<S, 4, 3>(panel, simd),
                (1, true) => self.sweep::<S, 1, 1>(panel, simd),
                (2, true) => self.sweep::<S, 1, 2>(panel, simd),
                (_, true) => self.sweep::<S, 1, 3>(panel, simd),
            }
        }
    }
}
