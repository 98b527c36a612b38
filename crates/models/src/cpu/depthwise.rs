//! Convolutions of each channel on its own.
//!
//! Images are copied into a border of zeros, one vector of channels after the other, so that the
//! loops have no conditions and the pixels that a tap reads lie side by side.

mod correlate;
mod scatter;
mod weight_gradient;

use super::buffer::Buffer;
use super::window::Window;
use automl_arch::Convolution;
use automl_numeric::vector::lanes;
use correlate::Correlate;
use scatter::Scatter;
use weight_gradient::WeightGradient;

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

/// Scratch memory of one thread.
#[derive(Debug)]
pub(super) struct DepthwiseState {
    /// `[taps, channels]`.
    pub(super) sums: Buffer,
    /// The image within its border; the gradient, spread by the stride, within its own.
    image: Buffer,
    spread: Buffer,
    /// Inputs, outputs or gradients with their channels filled up.
    wide: Buffer,
}

impl Depthwise {
    /// Kernel with weights `[outputs, 1, kernel, kernel]`.
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

    /// Scratch memory for the forward or the backward pass.
    pub(super) fn state(&self, backward: bool) -> DepthwiseState {
        let Window { before, after, input: (height, width), .. } = self.window;
        let (rows, columns) = self.window.output;
        let (border, around) = (before + after, self.window.reach());
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
        Scatter {
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
        let Window { kernel, dilation, stride, before, after, output: (rows, columns), .. } =
            self.window;
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
                dilation,
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
        let Window { kernel, dilation, stride, before, after, output: (rows, columns), .. } =
            self.window;
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
                dilation,
                stride,
                sums: &mut state.sums,
            }
            .run();
            let Some(out) = input_gradient.as_deref_mut() else { continue };
            let out = &mut out[image * input..][..input];
            // Spread by the stride, shifted so that the reversed taps read what they have to.
            let reach = self.window.reach();
            let (lines, line) = (height + reach, line_of(width + reach));
            let first = reach as isize - before as isize;
            Scatter {
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
                dilation,
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
