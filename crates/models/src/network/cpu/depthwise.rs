//! Convolutions of each channel on its own.
//!
//! Images are copied into a border of zeros, so that the loops have no conditions.

use super::buffer::Buffer;
use super::simd::{lanes, vectorised};
use super::window::Window;
use crate::Convolution;
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// A depthwise convolution, image by image; several outputs may share an input channel.
#[derive(Debug)]
pub(super) struct Depthwise {
    window: Window,
    inputs: usize,
    outputs: usize,
    /// Outputs, filled up to whole vectors.
    channels: usize,
    /// `[taps, channels]`, and the same with the taps in reverse.
    weights: Vec<f32>,
    reversed: Vec<f32>,
    /// `[taps, channels]`.
    sums: Vec<f32>,
    /// The image within its border; the gradient, spread by the stride, within its own.
    image: Buffer,
    spread: Buffer,
    /// Outputs or gradients whose channels are filled up.
    wide: Buffer,
}

impl Depthwise {
    /// With weights `[outputs, 1, kernel, kernel]`.
    pub(super) fn new(spec: &Convolution, window: Window, weights: &[f32]) -> Self {
        let taps = spec.kernel * spec.kernel;
        let channels = spec.outputs.next_multiple_of(lanes());
        let table = |tap_of: &dyn Fn(usize) -> usize| {
            (0..taps * channels)
                .map(|at| {
                    let (tap, o) = (tap_of(at / channels), at % channels);
                    if o < spec.outputs { weights[o * taps + tap] } else { 0.0 }
                })
                .collect::<Vec<f32>>()
        };
        let (height, width) = window.input;
        let border = window.before + window.after;
        let around = window.kernel - 1;
        Self {
            window,
            inputs: spec.inputs,
            outputs: spec.outputs,
            channels,
            weights: table(&|tap| tap),
            reversed: table(&|tap| taps - 1 - tap),
            sums: vec![0.0; taps * channels],
            image: Buffer::zeros((height + border) * (width + border) * channels),
            spread: Buffer::zeros((height + around) * (width + around) * channels),
            wide: Buffer::default(),
        }
    }

    /// Copies an image into the border, each channel as often as outputs read it.
    fn place(&mut self, x: &[f32]) {
        let (_, width) = self.window.input;
        let Window { before, after, .. } = self.window;
        let (inputs, channels, times) = (self.inputs, self.channels, self.outputs / self.inputs);
        let line = (width + before + after) * channels;
        for (y, row) in x.chunks_exact(width * inputs).enumerate() {
            let to = &mut self.image[(y + before) * line + before * channels..][..width * channels];
            if times == 1 && channels == inputs {
                to.copy_from_slice(row);
                continue;
            }
            for (to, pixel) in to.chunks_exact_mut(channels).zip(row.chunks_exact(inputs)) {
                for (to, value) in to.chunks_mut(times).zip(pixel) {
                    to.fill(*value);
                }
            }
        }
    }

    pub(super) fn forward(&mut self, x: &[f32], images: usize, out: &mut [f32]) {
        let (height, width) = self.window.input;
        let (rows, columns) = self.window.output;
        let border = self.window.before + self.window.after;
        let mut wide = std::mem::take(&mut self.wide);
        let size = rows * columns * self.channels;
        let each = rows * columns * self.outputs;
        for image in 0..images {
            self.place(&x[image * height * width * self.inputs..][..height * width * self.inputs]);
            let out = &mut out[image * each..][..each];
            let narrow = self.channels != self.outputs;
            let to = if narrow {
                wide.ensure(size);
                &mut wide[..]
            } else {
                &mut *out
            };
            Correlate {
                x: &self.image,
                line: width + border,
                weights: &self.weights,
                out: to,
                columns,
                channels: self.channels,
                kernel: self.window.kernel,
                stride: self.window.stride,
            }
            .run();
            if narrow {
                let pixels = out.chunks_exact_mut(self.outputs);
                for (out, wide) in pixels.zip(wide.chunks_exact(self.channels)) {
                    out.copy_from_slice(&wide[..out.len()]);
                }
            }
        }
        self.wide = wide;
    }

    pub(super) fn backward(
        &mut self,
        x: &[f32],
        g: &[f32],
        images: usize,
        mut input_gradient: Option<&mut [f32]>,
    ) {
        let (height, width) = self.window.input;
        let (rows, columns) = self.window.output;
        let Window { kernel, stride, before, after, .. } = self.window;
        let (inputs, outputs, channels) = (self.inputs, self.outputs, self.channels);
        let times = outputs / inputs;
        let mut wide = std::mem::take(&mut self.wide);
        for image in 0..images {
            self.place(&x[image * height * width * inputs..][..height * width * inputs]);
            let g = &g[image * rows * columns * outputs..][..rows * columns * outputs];
            // Spread by the stride, shifted so that reversed taps read what they have to.
            let line = width + kernel - 1;
            let inside = |at: usize, side: usize| {
                (at * stride + kernel - 1).checked_sub(before).filter(|&to| to < side + kernel - 1)
            };
            for y in 0..rows {
                let Some(to_y) = inside(y, height) else { continue };
                for x in 0..columns {
                    let Some(to_x) = inside(x, width) else { continue };
                    let pixel = &g[(y * columns + x) * outputs..][..outputs];
                    self.spread[(to_y * line + to_x) * channels..][..outputs]
                        .copy_from_slice(pixel);
                }
            }
            let g = if channels == outputs {
                g
            } else {
                wide.ensure(rows * columns * channels);
                for (wide, g) in wide.chunks_exact_mut(channels).zip(g.chunks_exact(outputs)) {
                    wide[..outputs].copy_from_slice(g);
                    wide[outputs..].fill(0.0);
                }
                &wide
            };
            WeightGradient {
                x: &self.image,
                line: width + before + after,
                g,
                columns,
                channels,
                kernel,
                stride,
                sums: &mut self.sums,
            }
            .run();
            let Some(out) = input_gradient.as_deref_mut() else { continue };
            let out = &mut out[image * height * width * inputs..][..height * width * inputs];
            let direct = times == 1 && channels == inputs;
            let to = if direct {
                &mut *out
            } else {
                wide.ensure(height * width * channels);
                &mut wide[..]
            };
            Correlate {
                x: &self.spread,
                line,
                weights: &self.reversed,
                out: to,
                columns: width,
                channels,
                kernel,
                stride: 1,
            }
            .run();
            if !direct {
                for (out, wide) in out.chunks_exact_mut(inputs).zip(wide.chunks_exact(channels)) {
                    for (out, wide) in out.iter_mut().zip(wide.chunks(times)) {
                        *out = wide.iter().sum();
                    }
                }
            }
        }
        self.wide = wide;
    }

    /// The gradient of the weights, in their order.
    pub(super) fn weight_gradient(&self) -> Vec<f32> {
        let taps = self.window.kernel * self.window.kernel;
        let at = |o: usize, tap: usize| self.sums[tap * self.channels + o];
        (0..self.outputs).flat_map(|o| (0..taps).map(move |tap| at(o, tap))).collect()
    }
}

/// `out[y, x] = sum over taps of x[stride y + down, stride x + right] weights[down, right]`,
/// per channel.
struct Correlate<'a> {
    x: &'a [f32],
    /// Pixels per line of x.
    line: usize,
    weights: &'a [f32],
    out: &'a mut [f32],
    /// Pixels per line of the output.
    columns: usize,
    channels: usize,
    kernel: usize,
    stride: usize,
}

impl Correlate<'_> {
    fn run(self) {
        vectorised(self);
    }

    #[inline(always)]
    fn sweep<S: Simd, const K: usize, const STRIDE: usize>(&mut self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let rows = self.out.len() / (self.columns * self.channels);
        for y in 0..rows {
            for v in 0..vectors {
                let mut x = 0;
                while x < self.columns {
                    let left = self.columns - x;
                    match left {
                        1 => self.tile::<S, K, STRIDE, 1>(simd, y, x, v),
                        2 => self.tile::<S, K, STRIDE, 2>(simd, y, x, v),
                        3 => self.tile::<S, K, STRIDE, 3>(simd, y, x, v),
                        _ => self.tile::<S, K, STRIDE, 4>(simd, y, x, v),
                    }
                    x += 4;
                }
            }
        }
    }

    /// T pixels in a row of one vector of channels.
    #[inline(always)]
    fn tile<S: Simd, const K: usize, const STRIDE: usize, const T: usize>(
        &mut self,
        simd: S,
        y: usize,
        x: usize,
        v: usize,
    ) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (weights, _) = S::as_simd_f32s(self.weights);
        let mut sums = [simd.splat_f32s(0.0); T];
        for down in 0..K {
            let taps: [S::f32s; K] = from_fn(|right| weights[(down * K + right) * vectors + v]);
            let from = ((y * STRIDE + down) * self.line + x * STRIDE) * vectors + v;
            let pixels = &image[from..][..((T - 1) * STRIDE + K - 1) * vectors + 1];
            for j in 0..(T - 1) * STRIDE + K {
                let pixel = pixels[j * vectors];
                for t in 0..T {
                    if j >= t * STRIDE && j - t * STRIDE < K {
                        sums[t] = simd.mul_add_e_f32s(pixel, taps[j - t * STRIDE], sums[t]);
                    }
                }
            }
        }
        let (out, _) = S::as_mut_simd_f32s(&mut *self.out);
        for t in 0..T {
            out[(y * self.columns + x + t) * vectors + v] = sums[t];
        }
    }

    /// Any other kernel or stride.
    #[inline(always)]
    fn plain(&mut self) {
        let Self { line, columns, channels, kernel, stride, .. } = *self;
        for (pixel, out) in self.out.chunks_exact_mut(channels).enumerate() {
            let (y, x) = (pixel / columns, pixel % columns);
            out.fill(0.0);
            for tap in 0..kernel * kernel {
                let from = (y * stride + tap / kernel) * line + x * stride + tap % kernel;
                let image = &self.x[from * channels..][..channels];
                let weights = &self.weights[tap * channels..][..channels];
                for ((out, x), weight) in out.iter_mut().zip(image).zip(weights) {
                    *out += x * weight;
                }
            }
        }
    }
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match (self.kernel, self.stride) {
            (3, 1) => self.sweep::<S, 3, 1>(simd),
            (3, 2) => self.sweep::<S, 3, 2>(simd),
            (5, 1) => self.sweep::<S, 5, 1>(simd),
            (5, 2) => self.sweep::<S, 5, 2>(simd),
            _ => self.plain(),
        }
    }
}

/// `sums[down, right] += sum over pixels of x[stride y + down, stride x + right] g[y, x]`, per
/// channel.
struct WeightGradient<'a> {
    x: &'a [f32],
    line: usize,
    g: &'a [f32],
    columns: usize,
    channels: usize,
    kernel: usize,
    stride: usize,
    sums: &'a mut [f32],
}

impl WeightGradient<'_> {
    fn run(self) {
        vectorised(self);
    }

    /// D lines of taps at once.
    #[inline(always)]
    fn sweep<S: Simd, const K: usize, const STRIDE: usize, const D: usize>(
        &mut self,
        simd: S,
        y: usize,
        down: usize,
    ) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (g, _) = S::as_simd_f32s(self.g);
        let g = &g[y * self.columns * vectors..][..self.columns * vectors];
        let (totals, _) = S::as_mut_simd_f32s(&mut *self.sums);
        for v in 0..vectors {
            let at = |d: usize, k: usize| ((down + d) * K + k) * vectors + v;
            let mut sums: [[S::f32s; K]; D] = from_fn(|d| from_fn(|k| totals[at(d, k)]));
            let lines: [&[S::f32s]; D] = from_fn(|d| {
                let from = (y * STRIDE + down + d) * self.line * vectors + v;
                &image[from..][..((self.columns - 1) * STRIDE + K - 1) * vectors + 1]
            });
            for x in 0..self.columns {
                let g = g[x * vectors + v];
                for d in 0..D {
                    for k in 0..K {
                        let pixel = lines[d][(x * STRIDE + k) * vectors];
                        sums[d][k] = simd.mul_add_e_f32s(pixel, g, sums[d][k]);
                    }
                }
            }
            for d in 0..D {
                for k in 0..K {
                    totals[at(d, k)] = sums[d][k];
                }
            }
        }
    }

    #[inline(always)]
    fn all<S: Simd, const K: usize, const STRIDE: usize>(&mut self, simd: S) {
        let rows = self.g.len() / (self.columns * self.channels);
        for y in 0..rows {
            if K == 3 {
                self.sweep::<S, K, STRIDE, 3>(simd, y, 0);
            } else {
                for down in (0..K - 1).step_by(2) {
                    self.sweep::<S, K, STRIDE, 2>(simd, y, down);
                }
                self.sweep::<S, K, STRIDE, 1>(simd, y, K - 1);
            }
        }
    }

    /// Any other kernel or stride.
    #[inline(always)]
    fn plain(&mut self) {
        let Self { line, columns, channels, kernel, stride, .. } = *self;
        for (pixel, g) in self.g.chunks_exact(channels).enumerate() {
            let (y, x) = (pixel / columns, pixel % columns);
            for tap in 0..kernel * kernel {
                let from = (y * stride + tap / kernel) * line + x * stride + tap % kernel;
                let image = &self.x[from * channels..][..channels];
                let sums = &mut self.sums[tap * channels..][..channels];
                for ((sum, x), g) in sums.iter_mut().zip(image).zip(g) {
                    *sum += x * g;
                }
            }
        }
    }
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match (self.kernel, self.stride) {
            (3, 1) => self.all::<S, 3, 1>(simd),
            (3, 2) => self.all::<S, 3, 2>(simd),
            (5, 1) => self.all::<S, 5, 1>(simd),
            (5, 2) => self.all::<S, 5, 2>(simd),
            _ => self.plain(),
        }
    }
}
