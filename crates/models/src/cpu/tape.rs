//! Reverse-mode differentiation of a chain of layers: a forward pass records a tape, the backward
//! pass reads it from its end.

use super::attention::{Squeezed, Weighted};
use super::branches::{concat, product, split, sum};
use super::buffer::Buffer;
use super::channels::Taken;
use super::convolution::Convolved;
use super::gradient::{Gradient, added};
use super::linear::Product;
use super::maps::Maps;
use super::mode::Mode;
use super::nonlinearity::Activated;
use super::pool::{Averaged, Pooled, average};
use crate::layer::{self, Concat, NetworkLayer, Sum};
use crate::noise::{Factors, Noise};
use burn::tensor::Gradients;
use std::sync::Arc;

/// Intermediate results of a layer that its backward pass needs.
#[derive(Debug)]
pub(super) enum TapeEntry {
    Convolved(Box<Convolved>),
    Product(Box<Product>),
    Pooled(Pooled),
    Averaged(Averaged),
    Activated(Activated),
    Squeezed(Box<Squeezed>),
    Weighted(Weighted),
    Taken(Taken),
    Joined {
        first: Vec<TapeEntry>,
        second: Vec<TapeEntry>,
        channels: [usize; 2],
        /// Factors of the first branch.
        factors: Option<Arc<Factors>>,
    },
    Multiplied {
        first: Vec<TapeEntry>,
        second: Vec<TapeEntry>,
        /// Outputs of both branches.
        values: [Arc<Buffer>; 2],
    },
}

/// Output of a chain of layers; in [`Mode::Train`] each layer's intermediate results go to `tape`.
pub(super) fn forward(
    layers: &[NetworkLayer],
    input: &Arc<Maps>,
    mode: Mode,
    tape: &mut Vec<TapeEntry>,
) -> Arc<Maps> {
    forward_with(layers, input, mode, &Noise::default(), tape)
}

/// The same under the noise of a training step.
pub(super) fn forward_with(
    layers: &[NetworkLayer],
    input: &Arc<Maps>,
    mode: Mode,
    noise: &Noise,
    tape: &mut Vec<TapeEntry>,
) -> Arc<Maps> {
    let mut x = Arc::clone(input);
    for (index, layer) in layers.iter().enumerate() {
        let (output, entry) = apply(layer, &x, mode, noise.of(index));
        x = output;
        if mode == Mode::Train {
            tape.push(entry);
        }
    }
    x
}

fn apply(
    layer: &NetworkLayer,
    x: &Arc<Maps>,
    mode: Mode,
    factors: Option<&Arc<Factors>>,
) -> (Arc<Maps>, TapeEntry) {
    match layer {
        NetworkLayer::Convolution(layer) => {
            let entry = layer.convolve(x, mode);
            (entry.output(), TapeEntry::Convolved(Box::new(entry)))
        }
        NetworkLayer::Linear(layer) => {
            let entry = layer.multiply(x, factors, mode);
            (entry.output(), TapeEntry::Product(Box::new(entry)))
        }
        NetworkLayer::Pool(layer) => {
            let entry = layer.pool(x);
            (entry.output(), TapeEntry::Pooled(entry))
        }
        NetworkLayer::GlobalAvgPool(_) => {
            let entry = average(x);
            (entry.output(), TapeEntry::Averaged(entry))
        }
        NetworkLayer::Activation(layer) => {
            let entry = layer.activate(x);
            (entry.output(), TapeEntry::Activated(entry))
        }
        NetworkLayer::SqueezeExcite(layer) => {
            let entry = layer.weigh(x, mode);
            (entry.output(), TapeEntry::Squeezed(Box::new(entry)))
        }
        NetworkLayer::ChannelAttention(layer) => {
            let entry = layer.weigh(x);
            (entry.output(), TapeEntry::Weighted(entry))
        }
        NetworkLayer::Channels(layer) => {
            let entry = layer.take(x);
            (entry.output(), TapeEntry::Taken(entry))
        }
        NetworkLayer::Sum(Sum { body, shortcut }) => join([body, shortcut], factors, x, mode, sum),
        NetworkLayer::Concat(Concat { first, second }) => {
            join([first, second], None, x, mode, concat)
        }
        NetworkLayer::Product(layer) => multiply(layer, x, mode),
    }
}

fn multiply(layer: &layer::Product, input: &Arc<Maps>, mode: Mode) -> (Arc<Maps>, TapeEntry) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let a = forward(&layer.first, input, mode, &mut first);
    let b = forward(&layer.second, input, mode, &mut second);
    let (shape, values) = (a.shape, [a.all(), b.all()]);
    let output = Maps::plain(shape, product(&values[0], &values[1]));
    (Arc::new(output), TapeEntry::Multiplied { first, second, values })
}

fn join(
    branches: [&[NetworkLayer]; 2],
    factors: Option<&Arc<Factors>>,
    input: &Arc<Maps>,
    mode: Mode,
    joined: impl Fn(&Maps, &Maps) -> Maps,
) -> (Arc<Maps>, TapeEntry) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut a = forward(branches[0], input, mode, &mut first);
    if let Some(factors) = factors {
        let mut values = Buffer::copy(&a.all());
        factors.scale(&mut values);
        a = Arc::new(Maps::plain(a.shape, values));
    }
    let b = forward(branches[1], input, mode, &mut second);
    let channels = [a.shape.channels, b.shape.channels];
    (
        Arc::new(joined(&a, &b)),
        TapeEntry::Joined { first, second, channels, factors: factors.cloned() },
    )
}

/// Gradient at the input of a chain of layers, from the gradient at its output; parameters'
/// gradients are recorded on the way. `more` is added: the gradient at the same input from another
/// branch. `None` for a constant input.
pub(super) fn backward(
    layers: &[NetworkLayer],
    tape: Vec<TapeEntry>,
    gradient: Gradient,
    more: Option<Arc<Buffer>>,
    gradients: &mut Gradients,
) -> Option<Gradient> {
    if layers.is_empty() {
        return Some(match more {
            Some(more) => Gradient::plain(added(&gradient.values, &more)),
            None => gradient,
        });
    }
    let mut gradient = gradient;
    for (index, (layer, entry)) in layers.iter().zip(tape).enumerate().rev() {
        let more = if index == 0 { more.clone() } else { None };
        gradient = match (layer, entry) {
            (NetworkLayer::Convolution(layer), TapeEntry::Convolved(entry)) => {
                let (found, gradient) = entry.backward(gradient, more);
                layer.set_gradients(found, gradients);
                gradient
            }
            (NetworkLayer::Linear(layer), TapeEntry::Product(entry)) => {
                let (found, gradient) = entry.backward(gradient, more);
                layer.set_gradients(found, gradients);
                gradient
            }
            (NetworkLayer::SqueezeExcite(layer), TapeEntry::Squeezed(entry)) => {
                layer.backward(*entry, &gradient, more, gradients)
            }
            (NetworkLayer::ChannelAttention(layer), TapeEntry::Weighted(entry)) => {
                layer.backward(entry, &gradient, more, gradients)
            }
            (_, TapeEntry::Pooled(entry)) => entry.backward(gradient, more),
            (_, TapeEntry::Taken(entry)) => entry.backward(gradient, more),
            (_, TapeEntry::Averaged(entry)) => entry.backward(gradient, more),
            (_, TapeEntry::Activated(entry)) => entry.backward(&gradient, more),
            (
                NetworkLayer::Sum(Sum { body, shortcut }),
                TapeEntry::Joined { first, second, factors, .. },
            ) => {
                let other = backward(shortcut, second, gradient.share(), more, gradients);
                let other = other.map(|gradient| gradient.values);
                let own = match factors {
                    Some(factors) => {
                        let mut values = Buffer::copy(&gradient.values);
                        factors.scale(&mut values);
                        Gradient::plain(values)
                    }
                    None => gradient.share(),
                };
                backward(body, first, own, other, gradients)
            }
            (
                NetworkLayer::Concat(Concat { first: a, second: b }),
                TapeEntry::Joined { first, second, channels, .. },
            ) => {
                let [g_a, g_b] = split(&gradient.values, channels);
                let other =
                    backward(b, second, g_b, more, gradients).map(|gradient| gradient.values);
                backward(a, first, g_a, other, gradients)
            }
            (
                NetworkLayer::Product(layer::Product { first: a, second: b }),
                TapeEntry::Multiplied { first, second, values },
            ) => {
                let [g_a, g_b] =
                    [1, 0].map(|other| Gradient::plain(product(&gradient.values, &values[other])));
                let other =
                    backward(b, second, g_b, more, gradients).map(|gradient| gradient.values);
                backward(a, first, g_a, other, gradients)
            }
            _ => None,
        }?;
    }
    Some(gradient)
}
