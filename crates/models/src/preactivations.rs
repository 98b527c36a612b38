//! Inputs of a network's nonlinearities.

use crate::layer::{Concat, NetworkLayer, Product, Sum, run};
use crate::network::Network;
use automl_arch::Activation;
use burn::tensor::Tensor;

impl Network {
    /// Inputs of all nonlinearities for a batch, in order, without those inside channel attention.
    ///
    /// # Shapes
    /// Images `[batch, input_channels, height, width]` to tensors `[batch, units]`.
    ///
    /// # Panics
    /// Those of [`forward`](Self::forward).
    pub fn preactivations(&self, images: Tensor<4>) -> Vec<Tensor<2>> {
        let mut found = Vec::new();
        walk(&self.layers, images, &mut found);
        found
    }
}

fn walk(layers: &[NetworkLayer], input: Tensor<4>, found: &mut Vec<Tensor<2>>) -> Tensor<4> {
    let mut x = input;
    for layer in layers {
        x = match layer {
            NetworkLayer::Convolution(layer) => {
                let y = layer.linear(x);
                note(layer.spec.activation, &y, found);
                layer.activate(y)
            }
            NetworkLayer::Linear(layer) => {
                let y = layer.linear(x);
                note(layer.activation, &y, found);
                layer.activate(y)
            }
            NetworkLayer::Activation(layer) => {
                note(layer.activation, &x, found);
                layer.forward(x)
            }
            NetworkLayer::Sum(Sum { body, shortcut }) => {
                let main = walk(body, x.clone(), found);
                main + walk(shortcut, x, found)
            }
            NetworkLayer::Concat(Concat { first, second }) => {
                let one = walk(first, x.clone(), found);
                Tensor::cat(vec![one, walk(second, x, found)], 1)
            }
            NetworkLayer::Product(Product { first, second }) => {
                let one = walk(first, x.clone(), found);
                one * walk(second, x, found)
            }
            other => run(std::slice::from_ref(other), x),
        };
    }
    x
}

fn note(activation: Activation, x: &Tensor<4>, found: &mut Vec<Tensor<2>>) {
    if activation != Activation::Identity {
        found.push(x.clone().flatten(1, 3));
    }
}
