//! Maps times weights of their channels, which come from the channels' means.

use super::activation::{self, Function};
use super::buffer::Buffer;
use super::convolution::Convolved;
use super::linear::product;
use super::maps::{Maps, Shape, chunks};
use super::pool::{Averaged, average};
use super::simd::fast;
use super::{Gradient, Sink, numbers};
use crate::network::attention::{ChannelAttention, SqueezeExcite};
use crate::{Activation, Gate};
use burn::tensor::Gradients;
use std::rc::Rc;

/// What the backward pass needs.
#[derive(Debug)]
pub(super) struct Weighted {
    input: Rc<Maps>,
    output: Rc<Maps>,
    /// `[batch, channels]`.
    weights: Rc<Buffer>,
    means: Averaged,
}

/// Times weights `[batch, channels]`.
fn weigh(input: &Rc<Maps>, means: Averaged, weights: Rc<Buffer>) -> Weighted {
    let shape = input.shape;
    let mut values = Buffer::new(shape.len());
    let mut scratch = Buffer::default();
    for images in chunks(shape.batch, shape.image()) {
        let x = input.images(&images, &mut scratch);
        let weights = &weights[images.start * shape.channels..images.end * shape.channels];
        let out = values[shape.of(&images)].chunks_exact_mut(shape.image());
        fast(|| {
            let images = out.zip(x.chunks_exact(shape.image()));
            for ((out, x), weights) in images.zip(weights.chunks_exact(shape.channels)) {
                let pixels = out.chunks_exact_mut(shape.channels);
                for (out, x) in pixels.zip(x.chunks_exact(shape.channels)) {
                    for ((out, x), weight) in out.iter_mut().zip(x).zip(weights) {
                        *out = x * weight;
                    }
                }
            }
        });
    }
    let output = Rc::new(Maps::plain(shape, values));
    Weighted { input: Rc::clone(input), output, weights, means }
}

impl Weighted {
    /// The gradient at the weights.
    fn weight_gradient(&self, gradient: &Gradient) -> Buffer {
        let shape = self.input.shape;
        let mut out = Buffer::zeros(shape.batch * shape.channels);
        let mut scratch = Buffer::default();
        for images in chunks(shape.batch, shape.image()) {
            let x = self.input.images(&images, &mut scratch);
            let g = &gradient.values[shape.of(&images)];
            let out = &mut out[images.start * shape.channels..images.end * shape.channels];
            fast(|| {
                let images = g.chunks_exact(shape.image()).zip(x.chunks_exact(shape.image()));
                for (out, (g, x)) in out.chunks_exact_mut(shape.channels).zip(images) {
                    let pixels = g.chunks_exact(shape.channels);
                    for (g, x) in pixels.zip(x.chunks_exact(shape.channels)) {
                        for ((out, g), x) in out.iter_mut().zip(g).zip(x) {
                            *out += g * x;
                        }
                    }
                }
            });
        }
        out
    }

    /// The gradient at the input, given that at the means.
    fn input_gradient(
        self,
        gradient: &Gradient,
        means: Option<Gradient>,
        more: Option<Rc<Buffer>>,
    ) -> Option<Gradient> {
        let shape = self.input.shape;
        let through_means = means.and_then(|means| self.means.backward(means, more));
        let mut sink = Sink::new(&self.input, through_means.map(|gradient| gradient.values));
        for images in chunks(shape.batch, shape.image()) {
            let g = &gradient.values[shape.of(&images)];
            let weights = &self.weights[images.start * shape.channels..];
            if let Some(out) = sink.images(&images) {
                fast(|| {
                    let images = out.chunks_exact_mut(shape.image());
                    let images = images.zip(g.chunks_exact(shape.image()));
                    for ((out, g), weights) in images.zip(weights.chunks_exact(shape.channels)) {
                        let pixels = out.chunks_exact_mut(shape.channels);
                        for (out, g) in pixels.zip(g.chunks_exact(shape.channels)) {
                            for ((out, g), weight) in out.iter_mut().zip(g).zip(weights) {
                                *out = g * weight;
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

/// What the backward pass of squeeze-and-excitation needs.
#[derive(Debug)]
pub(super) struct Squeezed {
    weighted: Weighted,
    reduced: Convolved,
    expanded: Convolved,
    gate: Gate,
}

/// Values or, with the gradient at the values, gradients through a gate.
fn through(gate: Gate, x: &[f32], gradient: Option<&[f32]>) -> Buffer {
    fn map<F: Function>(x: &[f32], gradient: Option<&[f32]>) -> Buffer {
        let mut out = Buffer::new(x.len());
        match gradient {
            None => out.iter_mut().zip(x).for_each(|(out, x)| *out = F::value(*x)),
            Some(g) => {
                out.iter_mut().zip(x).zip(g).for_each(|((out, x), g)| *out = g * F::slope(*x));
            }
        }
        out
    }
    match gate {
        Gate::HardSigmoid => map::<activation::HardSigmoid>(x, gradient),
        Gate::Sigmoid => map::<activation::Sigmoid>(x, gradient),
        Gate::Clamp => map::<activation::Clamp>(x, gradient),
    }
}

impl SqueezeExcite {
    pub(super) fn weigh(&self, input: &Rc<Maps>, training: bool) -> Squeezed {
        let means = average(input);
        let (weights, bias) = (numbers(self.reduce.val()), numbers(self.reduce_bias.val()));
        let reduced = product(&weights, bias, self.activation, &means.output(), training);
        let (weights, bias) = (numbers(self.expand.val()), numbers(self.expand_bias.val()));
        let expanded = product(&weights, bias, Activation::Identity, &reduced.output(), training);
        let weights = through(self.gate, &expanded.output().all(), None);
        let weighted = weigh(input, means, Rc::new(weights));
        Squeezed { weighted, reduced, expanded, gate: self.gate }
    }

    pub(super) fn backward(
        &self,
        squeezed: Squeezed,
        gradient: &Gradient,
        more: Option<Rc<Buffer>>,
        gradients: &mut Gradients,
    ) -> Option<Gradient> {
        let Squeezed { weighted, reduced, expanded, gate } = squeezed;
        let g = weighted.weight_gradient(gradient);
        let g = through(gate, &expanded.output().all(), Some(&g));
        let (found, g) = expanded.backward(Gradient { values: Rc::new(g), sums: None }, None);
        super::put(&self.expand, found.weight, gradients);
        super::put(&self.expand_bias, found.bias, gradients);
        let (found, g) = reduced.backward(g?, None);
        super::put(&self.reduce, found.weight, gradients);
        super::put(&self.reduce_bias, found.bias, gradients);
        weighted.input_gradient(gradient, g, more)
    }
}

impl Squeezed {
    pub(super) fn output(&self) -> Rc<Maps> {
        Rc::clone(&self.weighted.output)
    }
}

impl ChannelAttention {
    pub(super) fn weigh(&self, input: &Rc<Maps>) -> Weighted {
        let means = average(input);
        let kernel = numbers(self.weight.val());
        let Shape { channels, .. } = input.shape;
        let pooled = means.output();
        let mut weights = Buffer::new(pooled.values.len());
        let lines = weights.chunks_exact_mut(channels).zip(pooled.values.chunks_exact(channels));
        for (weights, means) in lines {
            for (channel, weight) in weights.iter_mut().enumerate() {
                let sum =
                    taps(&kernel, channel, channels).map(|(tap, from)| kernel[tap] * means[from]);
                *weight = activation::Sigmoid::value(sum.sum());
            }
        }
        weigh(input, means, Rc::new(weights))
    }

    pub(super) fn backward(
        &self,
        weighted: Weighted,
        gradient: &Gradient,
        more: Option<Rc<Buffer>>,
        gradients: &mut Gradients,
    ) -> Option<Gradient> {
        let g = weighted.weight_gradient(gradient);
        let kernel = numbers(self.weight.val());
        let channels = weighted.input.shape.channels;
        let pooled = weighted.means.output();
        let mut found = vec![0.0; kernel.len()];
        let mut at_means = Buffer::zeros(g.len());
        for (i, (g, weight)) in g.iter().zip(weighted.weights.iter()).enumerate() {
            let (line, channel) = (i / channels * channels, i % channels);
            let g = g * weight * (1.0 - weight);
            for (tap, from) in taps(&kernel, channel, channels) {
                found[tap] += g * pooled.values[line + from];
                at_means[line + from] += g * kernel[tap];
            }
        }
        super::put(&self.weight, found, gradients);
        let means = Gradient { values: Rc::new(at_means), sums: None };
        weighted.input_gradient(gradient, Some(means), more)
    }
}

/// Which channels a kernel reads around one, with its taps.
fn taps(kernel: &[f32], channel: usize, channels: usize) -> impl Iterator<Item = (usize, usize)> {
    let before = (kernel.len() - 1) / 2;
    (0..kernel.len()).filter_map(move |tap| {
        Some((tap, (channel + tap).checked_sub(before).filter(|&from| from < channels)?))
    })
}

impl Weighted {
    pub(super) fn output(&self) -> Rc<Maps> {
        Rc::clone(&self.output)
    }
}
