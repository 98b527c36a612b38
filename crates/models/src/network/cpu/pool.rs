//! Pooling.

use super::buffer::Buffer;
use super::maps::{Maps, Shape, chunks};
use super::product::NONE;
use super::simd::fast;
use super::window::{Plan, Window};
use super::{Gradient, Sink};
use crate::network::pool::Pool;
use crate::{Activation, Convolution, Pooling};
use std::rc::Rc;

/// What the backward pass needs.
#[derive(Debug)]
pub(super) struct Pooled {
    input: Rc<Maps>,
    output: Rc<Maps>,
    plan: Plan,
    /// For maxima: through which tap each was found.
    taps: Option<Buffer>,
}

impl Pool {
    pub(super) fn pool(&self, input: &Rc<Maps>) -> Pooled {
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
        };
        let window = Window::new(&spec, height, width);
        let (height, width) = window.output;
        let shape = Shape { batch, height, width, channels };
        let plan = window.forward(1, channels);
        let mut values = Buffer::new(shape.len());
        let mut taps = (self.kind == Pooling::Max).then(|| Buffer::new(shape.len()));
        let mut scratch = Buffer::default();
        for image in 0..batch {
            let images = image..image + 1;
            let x = input.images(&images, &mut scratch);
            let out = &mut values[shape.of(&images)];
            match &mut taps {
                Some(taps) => maxima(&plan, x, out, &mut taps[shape.of(&images)], channels),
                None => means(&plan, x, out, channels),
            }
        }
        let output = Rc::new(Maps::plain(shape, values));
        Pooled { input: Rc::clone(input), output, plan, taps }
    }
}

/// The pixels of a window, with their taps.
fn window(plan: &Plan, row: usize) -> impl Iterator<Item = (usize, usize)> {
    let rows = plan.targets.len();
    let sources = plan.taps.iter().map(move |&tap| (tap, plan.sources[tap * rows + row]));
    sources.filter(|&(_, source)| source != NONE).map(|(tap, source)| (tap, source as usize))
}

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
    pub(super) fn output(&self) -> Rc<Maps> {
        Rc::clone(&self.output)
    }

    pub(super) fn backward(self, gradient: Gradient, more: Option<Rc<Buffer>>) -> Option<Gradient> {
        let shape = self.output.shape;
        let channels = shape.channels;
        let share = 1.0 / self.plan.taps.len() as f32;
        let mut sink = Sink::new(&self.input, more);
        for image in 0..shape.batch {
            let images = image..image + 1;
            let at = shape.of(&images);
            let g = &gradient.values[at.clone()];
            if let Some(out) = sink.images(&images) {
                out.fill(0.0);
                let taps = self.taps.as_ref().map(|taps| &taps[at]);
                fast(|| {
                    for (row, g) in g.chunks_exact(channels).enumerate() {
                        for (tap, source) in window(&self.plan, row) {
                            let out = out[source..][..channels].iter_mut().zip(g);
                            match taps {
                                None => out.for_each(|(out, g)| *out += g * share),
                                Some(taps) => {
                                    let taps = &taps[row * channels..][..channels];
                                    for ((out, g), at) in out.zip(taps) {
                                        *out += if *at == tap as f32 { *g } else { 0.0 };
                                    }
                                }
                            }
                        }
                    }
                });
            }
            sink.finish(&images);
        }
        sink.gradient()
    }
}

/// What the backward pass of a mean over all positions needs.
#[derive(Debug)]
pub(super) struct Averaged {
    input: Rc<Maps>,
    output: Rc<Maps>,
}

/// The mean over all positions.
pub(super) fn average(input: &Rc<Maps>) -> Averaged {
    let Shape { batch, channels, .. } = input.shape;
    let shape = Shape { batch, height: 1, width: 1, channels };
    let mut values = Buffer::new(shape.len());
    let mut scratch = Buffer::default();
    let share = 1.0 / input.shape.positions() as f32;
    for images in chunks(batch, input.shape.image()) {
        let x = input.images(&images, &mut scratch);
        let out = values[shape.of(&images)].chunks_exact_mut(channels);
        fast(|| {
            for (out, image) in out.zip(x.chunks_exact(input.shape.image())) {
                out.fill(0.0);
                for pixel in image.chunks_exact(channels) {
                    out.iter_mut().zip(pixel).for_each(|(out, x)| *out += x);
                }
                out.iter_mut().for_each(|out| *out *= share);
            }
        });
    }
    Averaged { input: Rc::clone(input), output: Rc::new(Maps::plain(shape, values)) }
}

impl Averaged {
    pub(super) fn output(&self) -> Rc<Maps> {
        Rc::clone(&self.output)
    }

    pub(super) fn backward(self, gradient: Gradient, more: Option<Rc<Buffer>>) -> Option<Gradient> {
        let shape = self.input.shape;
        let share = 1.0 / shape.positions() as f32;
        let mut sink = Sink::new(&self.input, more);
        for images in chunks(shape.batch, shape.image()) {
            let g = &gradient.values[self.output.shape.of(&images)];
            if let Some(out) = sink.images(&images) {
                let images = out.chunks_exact_mut(shape.image());
                fast(|| {
                    for (out, g) in images.zip(g.chunks_exact(shape.channels)) {
                        for pixel in out.chunks_exact_mut(shape.channels) {
                            pixel.iter_mut().zip(g).for_each(|(out, g)| *out = g * share);
                        }
                    }
                });
            }
            sink.finish(&images);
        }
        sink.gradient()
    }
}
