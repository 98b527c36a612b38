//! Channel attention: maps times weights of their channels, a function of the channels' means.

use super::activation::{self, Function};
use super::buffer::Buffer;
use super::convolution::Convolved;
use super::gradient::{Gradient, InputGradient};
use super::linear::product;
use super::maps::{Maps, Shape};
use super::mode::Mode;
use super::parallel::{parallel_for, readers, states};
use super::pool::{Averaged, average};
use super::tensor::{numbers, set_gradient};
use crate::attention::{ChannelAttention, SqueezeExcite};
use automl_arch::{Activation, Gate};
use automl_numeric::vector::fast;
use burn::tensor::Gradients;
use std::sync::Arc;

/// Tape entry of maps times weights of their channels.
#[derive(Debug)]
pub(super) struct Weighted {
    input: Arc<Maps>,
    output: Arc<Maps>,
    /// `[batch, channels]`.
    weights: Arc<Buffer>,
    means: Averaged,
}

/// Each image's pixels times its weights of channels.
fn scale(shape: Shape, x: &[f32], weights: &[f32], out: &mut [f32]) {
    fast(|| {
        let images = out.chunks_exact_mut(shape.image()).zip(x.chunks_exact(shape.image()));
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

/// Times weights `[batch, channels]`.
fn weigh(input: &Arc<Maps>, means: Averaged, weights: Arc<Buffer>) -> Weighted {
    let shape = input.shape;
    let numbers = shape.image();
    let mut values = Buffer::new(shape.len());
    let out = Some((&mut values[..], numbers));
    let all = &weights[..];
    parallel_for(shape.batch, numbers, &mut readers(input, numbers), out, |reader, images, out| {
        let weights = &all[images.start * shape.channels..images.end * shape.channels];
        if let Some(out) = out {
            scale(shape, reader.images(images), weights, out);
        }
    });
    let output = Arc::new(Maps::plain(shape, values));
    Weighted { input: Arc::clone(input), output, weights, means }
}

impl Weighted {
    /// The gradient at the weights.
    fn weight_gradient(&self, gradient: &Gradient) -> Buffer {
        let shape = self.input.shape;
        let numbers = shape.image();
        let mut sums = Buffer::new(shape.batch * shape.channels);
        let g = &gradient.values[..];
        let out = Some((&mut sums[..], shape.channels));
        let mut parts = readers(&self.input, numbers);
        parallel_for(shape.batch, numbers, &mut parts, out, |reader, images, out| {
            let Some(out) = out else { return };
            let (x, g) = (reader.images(images), &g[shape.of(images)]);
            fast(|| {
                let images = g.chunks_exact(numbers).zip(x.chunks_exact(numbers));
                for (out, (g, x)) in out.chunks_exact_mut(shape.channels).zip(images) {
                    out.fill(0.0);
                    let pixels = g.chunks_exact(shape.channels);
                    for (g, x) in pixels.zip(x.chunks_exact(shape.channels)) {
                        for ((out, g), x) in out.iter_mut().zip(g).zip(x) {
                            *out += g * x;
                        }
                    }
                }
            });
        });
        sums
    }

    /// The gradient at the input, given that at the means.
    fn input_gradient(
        self,
        gradient: &Gradient,
        means: Option<Gradient>,
        more: Option<Arc<Buffer>>,
    ) -> Option<Gradient> {
        let shape = self.input.shape;
        let through_means = means.and_then(|means| self.means.backward(means, more));
        let mut input_gradient =
            InputGradient::new(&self.input, through_means.map(|gradient| gradient.values));
        let (g, all) = (&gradient.values[..], &self.weights[..]);
        input_gradient.fill(shape.image(), &mut states(shape.batch, || ()), |(), images, out| {
            let weights = &all[images.start * shape.channels..images.end * shape.channels];
            if let Some(out) = out {
                scale(shape, &g[shape.of(images)], weights, out);
            }
        });
        input_gradient.finish()
    }
}

/// Tape entry of squeeze-and-excitation.
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
    pub(super) fn weigh(&self, input: &Arc<Maps>, mode: Mode) -> Squeezed {
        let means = average(input);
        let (weights, bias) = (numbers(self.reduce.val()), numbers(self.reduce_bias.val()));
        let reduced = product(&weights, bias, self.activation, &means.output(), mode);
        let (weights, bias) = (numbers(self.expand.val()), numbers(self.expand_bias.val()));
        let expanded = product(&weights, bias, Activation::Identity, &reduced.output(), mode);
        let weights = through(self.gate, &expanded.output().all(), None);
        let weighted = weigh(input, means, Arc::new(weights));
        Squeezed { weighted, reduced, expanded, gate: self.gate }
    }

    pub(super) fn backward(
        &self,
        squeezed: Squeezed,
        gradient: &Gradient,
        more: Option<Arc<Buffer>>,
        gradients: &mut Gradients,
    ) -> Option<Gradient> {
        let Squeezed { weighted, reduced, expanded, gate } = squeezed;
        let g = weighted.weight_gradient(gradient);
        let g = through(gate, &expanded.output().all(), Some(&g));
        let (found, g) = expanded.backward(Gradient::plain(g), None);
        set_gradient(&self.expand, found.weight, gradients);
        set_gradient(&self.expand_bias, found.bias, gradients);
        let (found, g) = reduced.backward(g?, None);
        set_gradient(&self.reduce, found.weight, gradients);
        set_gradient(&self.reduce_bias, found.bias, gradients);
        weighted.input_gradient(gradient, g, more)
    }
}

impl Squeezed {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.weighted.output)
    }
}

impl ChannelAttention {
    pub(super) fn weigh(&self, input: &Arc<Maps>) -> Weighted {
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
        weigh(input, means, Arc::new(weights))
    }

    pub(super) fn backward(
        &self,
        weighted: Weighted,
        gradient: &Gradient,
        more: Option<Arc<Buffer>>,
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
        set_gradient(&self.weight, found, gradients);
        let means = Gradient::plain(at_means);
        weighted.input_gradient(gradient, Some(means), more)
    }
}

/// Taps of a kernel around a channel, and the channels that they read.
fn taps(kernel: &[f32], channel: usize, channels: usize) -> impl Iterator<Item = (usize, usize)> {
    let before = (kernel.len() - 1) / 2;
    (0..kernel.len()).filter_map(move |tap| {
        Some((tap, (channel + tap).checked_sub(before).filter(|&from| from < channels)?))
    })
}

impl Weighted {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.output)
    }
}
