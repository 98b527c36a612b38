//! Convolutions of each channel on its own.
//!
//! Images are copied into a border of zeros, one vector of channels after the other, so that the
//! loops have no conditions and the pixels that a tap reads lie side by side.

use super::buffer::Buffer;
use super::simd::{lanes, vectorised};
use super::window::Window;
use automl_arch::Convolution;
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// Pixels per line of at least that many: odd, so that vectors of one pixel are not a power of two
/// apart, where they would share a set of the cache.
fn line_of(pixels: usize) -> usize {
    pixels | 1
}

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
}

/// What one thread works with.
#[derive(Debug)]
pub(super) struct DepthwiseState {
    /// `[taps, channels]`.
    pub(super) sums: Buffer,
    /// The image within its border; the gradient, spread by the stride, within its own.
    image: Buffer,
    spread: Buffer,
    /// Inputs, outputs or gradients whose channels are filled up.
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
        Self {
            window,
            inputs: spec.inputs,
            outputs: spec.outputs,
            channels,
            weights: table(&|tap| tap),
            reversed: table(&|tap| taps - 1 - tap),
        }
    }

    /// For the forward pass, or for the backward pass.
    pub(super) fn state(&self, backward: bool) -> DepthwiseState {
        let Window { kernel, before, after, input: (height, width), .. } = self.window;
        let (rows, columns) = self.window.output;
        let (border, around) = (before + after, kernel - 1);
        let channels = self.channels;
        let image = (height + border) * line_of(width + border) * channels;
        let spread = (height + around) * line_of(width + around) * channels;
        let filled = channels != self.inputs || channels != self.outputs;
        let wide = (height * width).max(rows * columns) * channels;
        DepthwiseState {
            sums: Buffer::zeros(if backward { self.weights.len() } else { 0 }),
            image: Buffer::zeros(image),
            spread: Buffer::zeros(if backward { spread } else { 0 }),
            wide: Buffer::new(if filled { wide } else { 0 }),
        }
    }

    /// Copies an image into its border.
    fn place(&self, state: &mut DepthwiseState, x: &[f32]) {
        let (height, width) = self.window.input;
        let Window { before, after, .. } = self.window;
        let (inputs, outputs, channels) = (self.inputs, self.outputs, self.channels);
        let direct = channels == inputs;
        if !direct {
            // Each channel as often as outputs read it.
            for (to, pixel) in state.wide.chunks_exact_mut(channels).zip(x.chunks_exact(inputs)) {
                to[outputs..].fill(0.0);
                for (to, value) in to[..outputs].chunks_mut(outputs / inputs).zip(pixel) {
                    to.fill(*value);
                }
            }
        }
        Part {
            x: if direct { x } else { &state.wide[..height * width * channels] },
            columns: width,
            channels,
            out: &mut state.image,
            lines: height + before + after,
            line: line_of(width + before + after),
            step: 1,
            top: before as isize,
            left: before as isize,
        }
        .run();
    }

    pub(super) fn forward(
        &self,
        state: &mut DepthwiseState,
        x: &[f32],
        images: usize,
        out: &mut [f32],
    ) {
        let (height, width) = self.window.input;
        let Window { kernel, stride, before, after, output: (rows, columns), .. } = self.window;
        let (outputs, channels) = (self.outputs, self.channels);
        let input = height * width * self.inputs;
        let each = rows * columns * outputs;
        for image in 0..images {
            self.place(state, &x[image * input..][..input]);
            let out = &mut out[image * each..][..each];
            let narrow = channels != outputs;
            Correlate {
                x: &state.image,
                lines: height + before + after,
                line: line_of(width + before + after),
                weights: &self.weights,
                out: if narrow { &mut state.wide[..rows * columns * channels] } else { &mut *out },
                columns,
                channels,
                kernel,
                stride,
            }
            .run();
            if narrow {
                let pixels = out.chunks_exact_mut(outputs);
                for (out, wide) in pixels.zip(state.wide.chunks_exact(channels)) {
                    out.copy_from_slice(&wide[..outputs]);
                }
            }
        }
    }

    pub(super) fn backward(
        &self,
        state: &mut DepthwiseState,
        x: &[f32],
        g: &[f32],
        images: usize,
        mut input_gradient: Option<&mut [f32]>,
    ) {
        let (height, width) = self.window.input;
        let Window { kernel, stride, before, after, output: (rows, columns), .. } = self.window;
        let (inputs, outputs, channels) = (self.inputs, self.outputs, self.channels);
        let input = height * width * inputs;
        for image in 0..images {
            self.place(state, &x[image * input..][..input]);
            let g = &g[image * rows * columns * outputs..][..rows * columns * outputs];
            if channels != outputs {
                let pixels = state.wide.chunks_exact_mut(channels);
                for (wide, g) in pixels.zip(g.chunks_exact(outputs)) {
                    wide[..outputs].copy_from_slice(g);
                    wide[outputs..].fill(0.0);
                }
            }
            let g = if channels == outputs { g } else { &state.wide[..rows * columns * channels] };
            WeightGradient {
                x: &state.image,
                lines: height + before + after,
                line: line_of(width + before + after),
                g,
                columns,
                channels,
                kernel,
                stride,
                sums: &mut state.sums,
            }
            .run();
            let Some(out) = input_gradient.as_deref_mut() else { continue };
            let out = &mut out[image * input..][..input];
            // Spread by the stride, shifted so that the reversed taps read what they have to.
            let (lines, line) = (height + kernel - 1, line_of(width + kernel - 1));
            let first = (kernel - 1) as isize - before as isize;
            Part {
                x: g,
                columns,
                channels,
                out: &mut state.spread,
                lines,
                line,
                step: stride,
                top: first,
                left: first,
            }
            .run();
            let direct = channels == inputs;
            Correlate {
                x: &state.spread,
                lines,
                line,
                weights: &self.reversed,
                out: if direct { &mut *out } else { &mut state.wide[..height * width * channels] },
                columns: width,
                channels,
                kernel,
                stride: 1,
            }
            .run();
            if !direct {
                let pixels = out.chunks_exact_mut(inputs);
                for (out, wide) in pixels.zip(state.wide.chunks_exact(channels)) {
                    let shares = wide[..outputs].chunks_exact(outputs / inputs);
                    out.iter_mut().zip(shares).for_each(|(out, wide)| *out = wide.iter().sum());
                }
            }
        }
    }

    /// The gradient of the weights, in their order, from the sums of a state.
    pub(super) fn weight_gradient(&self, sums: &[f32]) -> Vec<f32> {
        let taps = self.window.kernel * self.window.kernel;
        let at = |o: usize, tap: usize| sums[tap * self.channels + o];
        (0..self.outputs).flat_map(|o| (0..taps).map(move |tap| at(o, tap))).collect()
    }
}

/// Copies pixels apart, `[rows, columns, vectors]` to `[vectors, lines, line]`: a vector of channels
/// after the other, pixels `step` apart from `(top, left)` on. What falls outside is left out.
struct Part<'a> {
    x: &'a [f32],
    columns: usize,
    channels: usize,
    out: &'a mut [f32],
    lines: usize,
    line: usize,
    step: usize,
    top: isize,
    left: isize,
}

impl Part<'_> {
    fn run(self) {
        vectorised(self);
    }
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (x, _) = S::as_simd_f32s(self.x);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let plane = self.lines * self.line;
        let place = |at: usize, first: isize, side: usize| {
            let to = (at * self.step).checked_add_signed(first)?;
            Some(to).filter(|&to| to < side)
        };
        for (y, row) in x.chunks_exact(self.columns * vectors).enumerate() {
            let Some(y) = place(y, self.top, self.lines) else { continue };
            for (x, pixel) in row.chunks_exact(vectors).enumerate() {
                let Some(x) = place(x, self.left, self.line) else { continue };
                let at = y * self.line + x;
                for (v, &vector) in pixel.iter().enumerate() {
                    out[v * plane + at] = vector;
                }
            }
        }
    }
}

/// `out[y, x] = sum over taps of x[stride y + down, stride x + right] weights[down, right]`,
/// per channel.
struct Correlate<'a> {
    /// `[vectors, lines, line]`.
    x: &'a [f32],
    lines: usize,
    line: usize,
    /// `[taps, vectors]`.
    weights: &'a [f32],
    /// `[rows, columns, vectors]`.
    out: &'a mut [f32],
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
    fn sweep<S: Simd, const K: usize, const STRIDE: usize>(self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (weights, _) = S::as_simd_f32s(self.weights);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        for (y, out) in out.chunks_exact_mut(self.columns * vectors).enumerate() {
            for v in 0..vectors {
                let taps: [[S::f32s; K]; K] =
                    from_fn(|down| from_fn(|right| weights[(down * K + right) * vectors + v]));
                let first = (v * self.lines + y * STRIDE) * self.line;
                let lines: [&[S::f32s]; K] =
                    from_fn(|down| &image[first + down * self.line..][..self.line]);
                let mut x = 0;
                // The taps of a small kernel stay in registers: pixels one by one, which the
                // processor overlaps. Of a large one pixels are read once for four outputs.
                while x < self.columns {
                    match self.columns - x {
                        4.. if K > 3 => {
                            tile::<S, K, STRIDE, 4>(simd, &lines, &taps, x, out, vectors, v);
                            x += 4;
                        }
                        _ => {
                            tile::<S, K, STRIDE, 1>(simd, &lines, &taps, x, out, vectors, v);
                            x += 1;
                        }
                    }
                }
            }
        }
    }

    /// Any kernel and stride.
    #[inline(always)]
    fn plain<S: Simd>(self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (weights, _) = S::as_simd_f32s(self.weights);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        for (at, out) in out.iter_mut().enumerate() {
            let (pixel, v) = (at / vectors, at % vectors);
            let (y, x) = (pixel / self.columns * self.stride, pixel % self.columns * self.stride);
            let mut sum = simd.splat_f32s(0.0);
            for tap in 0..self.kernel * self.kernel {
                let (down, right) = (tap / self.kernel, tap % self.kernel);
                let pixel = image[(v * self.lines + y + down) * self.line + x + right];
                sum = simd.mul_add_e_f32s(pixel, weights[tap * vectors + v], sum);
            }
            *out = sum;
        }
    }
}

/// T pixels in a row of one vector of channels.
#[inline(always)]
fn tile<S: Simd, const K: usize, const STRIDE: usize, const T: usize>(
    simd: S,
    lines: &[&[S::f32s]; K],
    taps: &[[S::f32s; K]; K],
    x: usize,
    out: &mut [S::f32s],
    vectors: usize,
    v: usize,
) {
    let mut sums = [simd.splat_f32s(0.0); T];
    for down in 0..K {
        let pixels = &lines[down][x * STRIDE..][..(T - 1) * STRIDE + K];
        for (j, &pixel) in pixels.iter().enumerate() {
            for t in 0..T {
                if j >= t * STRIDE && j - t * STRIDE < K {
                    sums[t] = simd.mul_add_e_f32s(pixel, taps[down][j - t * STRIDE], sums[t]);
                }
            }
        }
    }
    for (t, sum) in sums.into_iter().enumerate() {
        out[(x + t) * vectors + v] = sum;
    }
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.kernel, self.stride) {
            (3, 1) => self.sweep::<S, 3, 1>(simd),
            (3, 2) => self.sweep::<S, 3, 2>(simd),
            (5, 1) => self.sweep::<S, 5, 1>(simd),
            (5, 2) => self.sweep::<S, 5, 2>(simd),
            _ => self.plain(simd),
        }
    }
}

/// `sums[down, right] += sum over pixels of x[stride y + down, stride x + right] g[y, x]`, per
/// channel.
struct WeightGradient<'a> {
    /// `[vectors, lines, line]`.
    x: &'a [f32],
    lines: usize,
    line: usize,
    /// `[rows, columns, vectors]`.
    g: &'a [f32],
    columns: usize,
    channels: usize,
    kernel: usize,
    stride: usize,
    /// `[taps, vectors]`.
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
        first: usize,
    ) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (g, _) = S::as_simd_f32s(self.g);
        let g = &g[y * self.columns * vectors..][..self.columns * vectors];
        let (totals, _) = S::as_mut_simd_f32s(&mut *self.sums);
        for v in 0..vectors {
            let at = |d: usize, k: usize| ((first + d) * K + k) * vectors + v;
            let mut sums: [[S::f32s; K]; D] = from_fn(|d| from_fn(|k| totals[at(d, k)]));
            let top = v * self.lines + y * STRIDE + first;
            let lines: [&[S::f32s]; D] = from_fn(|d| &image[(top + d) * self.line..][..self.line]);
            for (x, &g) in g[v..].iter().step_by(vectors).enumerate() {
                for d in 0..D {
                    let pixels = &lines[d][x * STRIDE..][..K];
                    for k in 0..K {
                        sums[d][k] = simd.mul_add_e_f32s(pixels[k], g, sums[d][k]);
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
                for first in (0..K - 1).step_by(2) {
                    self.sweep::<S, K, STRIDE, 2>(simd, y, first);
                }
                self.sweep::<S, K, STRIDE, 1>(simd, y, K - 1);
            }
        }
    }

    /// Any kernel and stride.
    #[inline(always)]
    fn plain<S: Simd>(self, simd: S) {
        let vectors = self.channels / S::F32_LANES;
        let (image, _) = S::as_simd_f32s(self.x);
        let (g, _) = S::as_simd_f32s(self.g);
        let (sums, _) = S::as_mut_simd_f32s(self.sums);
        for (at, &g) in g.iter().enumerate() {
            let (pixel, v) = (at / vectors, at % vectors);
            let (y, x) = (pixel / self.columns * self.stride, pixel % self.columns * self.stride);
            for tap in 0..self.kernel * self.kernel {
                let (down, right) = (tap / self.kernel, tap % self.kernel);
                let pixel = image[(v * self.lines + y + down) * self.line + x + right];
                let sum = &mut sums[tap * vectors + v];
                *sum = simd.mul_add_e_f32s(pixel, g, *sum);
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
            _ => self.plain(simd),
        }
    }
}
