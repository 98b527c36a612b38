//! Reverse-mode differentiation of a chain of layers: a forward pass records a tape, the backward
//! pass reads it from its end.

use super::attention::{Squeezed, Weighted};
use super::branches::{concat, split, sum};
use super::buffer::Buffer;
use super::convolution::Convolved;
use super::gradient::{Gradient, added};
use super::linear::Product;
use super::maps::Maps;
use super::mode::Mode;
use super::nonlinearity::Activated;
use super::pool::{Averaged, Pooled, average};
use crate::layer::{Concat, NetworkLayer, Sum};
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
    Joined { first: Vec<TapeEntry>, second: Vec<TapeEntry>, channels: [usize; 2] },
}

/// Output of a chain of layers; in [`Mode::Train`] each layer's intermediate results go to `tape`.
pub(super) fn forward(
    layers: &[NetworkLayer],
    input: &Arc<Maps>,
    mode: Mode,
    tape: &mut Vec<TapeEntry>,
) -> Arc<Maps> {
    let mut x = Arc::clone(input);
    for layer in layers {
        let (output, entry) = apply(layer, &x, mode);
        x = output;
        if mode == Mode::Train {
            tape.push(entry);
        }
    }
    x
}

fn apply(layer: &NetworkLayer, x: &Arc<Maps>, mode: Mode) -> (Arc<Maps>, TapeEntry) {
    match layer {
        NetworkLayer::Convolution(layer) => {
            let entry = layer.convolve(x, mode);
            (entry.output(), TapeEntry::Convolved(Box::new(entry)))
        }
        NetworkLayer::Linear(layer) => {
            let entry = layer.multiply(x, mode);
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
        NetworkLayer::Sum(Sum { body, shortcut }) => join([body, shortcut], x, mode, sum),
        NetworkLayer::Concat(Concat { first, second }) => join([first, second], x, mode, concat),
    }
}

fn join(
    branches: [&[NetworkLayer]; 2],
    input: &Arc<Maps>,
    mode: Mode,
    joined: impl Fn(&Maps, &Maps) -> Maps,
) -> (Arc<Maps>, TapeEntry) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let a = forward(branches[0], input, mode, &mut first);
    let b = forward(branches[1], input, mode, &mut second);
    let channels = [a.shape.channels, b.shape.channels];
    (Arc::new(joined(&a, &b)), TapeEntry::Joined { first, second, channels })
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
            (_, TapeEntry::Averaged(entry)) => entry.backward(gradient, more),
            (_, TapeEntry::Activated(entry)) => entry.backward(&gradient, more),
            (
                NetworkLayer::Sum(Sum { body, shortcut }),
                TapeEntry::Joined { first, second, .. },
            ) => {
                let other = backward(shortcut, second, gradient.share(), more, gradients);
                let other = other.map(|gradient| gradient.values);
                backward(body, first, gradient.share(), other, gradients)
            }
            (
                NetworkLayer::Concat(Concat { first: a, second: b }),
                TapeEntry::Joined { first, second, channels },
            ) => {
                let [g_a, g_b] = split(&gradient.values, channels);
                let other =
                    backward(b, second, g_b, more, gradients).map(|gradient| gradient.values);
                backward(a, first, g_a, other, gradients)
            }
            _ => None,
        }?;
    }
    Some(gradient)
}
