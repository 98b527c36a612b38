//! What flows into a network's nonlinearities.

use super::branches::{Concat, Sum};
use super::{Network, Step, run};
use automl_arch::Activation;
use burn::tensor::Tensor;

impl Network {
    /// The inputs of all nonlinearities for a batch, in order; those inside channel attention are
    /// left out.
    ///
    /// # Shapes
    /// Images `[batch, input_channels, side, side]` to tensors `[batch, units]`.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn preactivations(&self, images: Tensor<4>) -> Vec<Tensor<2>> {
        let mut found = Vec::new();
        walk(&self.layers, images, &mut found);
        found
    }
}

fn walk(steps: &[Step], input: Tensor<4>, found: &mut Vec<Tensor<2>>) -> Tensor<4> {
    let mut x = input;
    for step in steps {
        x = match step {
            Step::Convolution(layer) => {
                let y = layer.linear(x);
                note(layer.spec.activation, &y, found);
                layer.activate(y)
            }
            Step::Linear(layer) => {
                let y = layer.linear(x);
                note(layer.activation, &y, found);
                layer.activate(y)
            }
            Step::Activation(layer) => {
                note(layer.activation, &x, found);
                layer.forward(x)
            }
            Step::Sum(Sum { body, shortcut }) => {
                let main = walk(body, x.clone(), found);
                main + walk(shortcut, x, found)
            }
            Step::Concat(Concat { first, second }) => {
                let one = walk(first, x.clone(), found);
                Tensor::cat(vec![one, walk(second, x, found)], 1)
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
