//! Pooling.

use super::buffer::Buffer;
use super::gradient::{Gradient, InputGradient};
use super::maps::{Maps, Shape};
use super::parallel::{parallel_for, readers, states};
use super::product::NONE;
use super::window::{Plan, Window};
use crate::pool::Pool;
use automl_arch::{Activation, Convolution, Pooling};
use automl_numeric::vector::fast;
use std::sync::Arc;

/// Tape entry of a pooling.
#[derive(Debug)]
pub(super) struct Pooled {
    input: Arc<Maps>,
    output: Arc<Maps>,
    plan: Plan,
    kind: Pooling,
}

impl Pool {
    pub(super) fn pool(&self, input: &Arc<Maps>) -> Pooled {
        let Shape { batch, height, width, channels } = input.shape;
        let spec = Convolution {
            inputs: channels,
            outputs: channels,
            kernel: self.kernel,
            stride: self.stride,
            padding: (self.padding, self.padding),
            groups: channels,
            norm: false,
            activation: Activation::Identity,
            dilation: 1,
            layer_scale: false,
        };
        let window = Window::new(&spec, height, width);
        let (height, width) = window.output;
        let shape = Shape { batch, height, width, channels };
        let plan = window.forward(1, channels);
        let mut values = Buffer::new(shape.len());
        let numbers = input.shape.image();
        let mut parts = states(batch, || Buffer::new(shape.image()));
        let mut parts: Vec<_> = readers(input, numbers).into_iter().zip(&mut parts).collect();
        let out = Some((&mut values[..], shape.image()));
        parallel_for(batch, numbers, &mut parts, out, |(reader, taps), images, out| {
            let Some(out) = out else { return };
            let x = reader.images(images).chunks_exact(numbers);
            for (out, x) in out.chunks_exact_mut(shape.image()).zip(x) {
                match self.kind {
                    Pooling::Max => maxima(&plan, x, out, taps, channels),
                    Pooling::Average => means(&plan, x, out, channels),
                }
            }
        });
        drop(parts);
        let output = Arc::new(Maps::plain(shape, values));
        Pooled { input: Arc::clone(input), output, plan, kind: self.kind }
    }
}

/// The pixels of a window, with their taps.
fn window(plan: &Plan, row: usize) -> impl Iterator<Item = (usize, usize)> {
    let rows = plan.targets.len();
    let sources = plan.taps.iter().map(move |&tap| (tap, plan.sources[tap * rows + row]));
    sources.filter(|&(_, source)| source != NONE).map(|(tap, source)| (tap, source as usize))
}

/// Maxima of one image, and through which tap each was found first.
fn maxima(plan: &Plan, x: &[f32], out: &mut [f32], taps: &mut [f32], channels: usize) {
    fast(|| {
        let pixels = out.chunks_exact_mut(channels).zip(taps.chunks_exact_mut(channels));
        for (row, (out, taps)) in pixels.enumerate() {
            out.fill(f32::NEG_INFINITY);
            taps.fill(0.0);
            for (tap, source) in window(plan, row) {
                let x = &x[source..][..channels];
                for ((out, at), x) in out.iter_mut().zip(taps.iter_mut()).zip(x) {
                    let larger = *x > *out;
                    *out = if larger { *x } else { *out };
                    *at = if larger { tap as f32 } else { *at };
                }
            }
        }
    });
}

/// Means of one image, in which zeros of the border count.
fn means(plan: &Plan, x: &[f32], out: &mut [f32], channels: usize) {
    let share = 1.0 / plan.taps.len() as f32;
    fast(|| {
        for (row, out) in out.chunks_exact_mut(channels).enumerate() {
            out.fill(0.0);
            for (_, source) in window(plan, row) {
                for (out, x) in out.iter_mut().zip(&x[source..][..channels]) {
                    *out += x;
                }
            }
            out.iter_mut().for_each(|out| *out *= share);
        }
    });
}

impl Pooled {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.output)
    }

    pub(super) fn backward(
        self,
        gradient: Gradient,
        more: Option<Arc<Buffer>>,
    ) -> Option<Gradient> {
        let shape = self.output.shape;
        let (channels, size) = (shape.channels, shape.image());
        let numbers = self.input.shape.image();
        let share = 1.0 / self.plan.taps.len() as f32;
        let g = &gradient.values[..];
        let mut parts = states(shape.batch, || (Buffer::new(size), Buffer::new(size)));
        let readers = readers(&self.input, numbers);
        let mut parts: Vec<_> = readers.into_iter().zip(&mut parts).collect();
        let mut input_gradient = InputGradient::new(&self.input, more);
        input_gradient.fill(numbers, &mut parts, |(reader, (values, taps)), images, out| {
            let Some(out) = out else { return };
            out.fill(0.0);
            let inputs = reader.images(images).chunks_exact(numbers);
            let gradients = g[shape.of(images)].chunks_exact(size);
            for ((out, x), g) in out.chunks_exact_mut(numbers).zip(inputs).zip(gradients) {
                if self.kind == Pooling::Max {
                    maxima(&self.plan, x, values, taps, channels);
                }
                fast(|| {
                    for (row, g) in g.chunks_exact(channels).enumerate() {
                        let taps = &taps[row * channels..][..channels];
                        for (tap, source) in window(&self.plan, row) {
                            let out = out[source..][..channels].iter_mut().zip(g);
                            match self.kind {
                                Pooling::Average => out.for_each(|(out, g)| *out += g * share),
                                Pooling::Max => {
                                    for ((out, g), at) in out.zip(taps) {
                                        *out += if *at == tap as f32 { *g } else { 0.0 };
                                    }
                                }
                            }
                        }
                    }
                });
            }
        });
        input_gradient.finish()
    }
}

/// Tape entry of a mean over all positions.
#[derive(Debug)]
pub(super) struct Averaged {
    input: Arc<Maps>,
    output: Arc<Maps>,
}

/// The mean over all positions.
pub(super) fn average(input: &Arc<Maps>) -> Averaged {
    let Shape { batch, channels, .. } = input.shape;
    let shape = Shape { batch, height: 1, width: 1, channels };
    let numbers = input.shape.image();
    let mut values = Buffer::new(shape.len());
    let share = 1.0 / input.shape.positions() as f32;
    let out = Some((&mut values[..], channels));
    parallel_for(batch, numbers, &mut readers(input, numbers), out, |reader, images, out| {
        let Some(out) = out else { return };
        let x = reader.images(images).chunks_exact(numbers);
        fast(|| {
            for (out, image) in out.chunks_exact_mut(channels).zip(x) {
                out.fill(0.0);
                for pixel in image.chunks_exact(channels) {
                    out.iter_mut().zip(pixel).for_each(|(out, x)| *out += x);
                }
                out.iter_mut().for_each(|out| *out *= share);
            }
        });
    });
    Averaged { input: Arc::clone(input), output: Arc::new(Maps::plain(shape, values)) }
}

impl Averaged {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.output)
    }

    pub(super) fn backward(
        self,
        gradient: Gradient,
        more: Option<Arc<Buffer>>,
    ) -> Option<Gradient> {
        let shape = self.input.shape;
        let numbers = shape.image();
        let share = 1.0 / shape.positions() as f32;
        let g = &gradient.values[..];
        let mut input_gradient = InputGradient::new(&self.input, more);
        input_gradient.fill(numbers, &mut states(shape.batch, || ()), |(), images, out| {
            let Some(out) = out else { return };
            let g = g[self.output.shape.of(images)].chunks_exact(shape.channels);
            fast(|| {
                for (out, g) in out.chunks_exact_mut(numbers).zip(g) {
                    for pixel in out.chunks_exact_mut(shape.channels) {
                        pixel.iter_mut().zip(g).for_each(|(out, g)| *out = g * share);
                    }
                }
            });
        });
        input_gradient.finish()
    }
}
