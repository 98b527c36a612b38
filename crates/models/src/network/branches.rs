//! Two branches of the same input.

use super::{Step, run};
use burn::module::Module;
use burn::tensor::Tensor;

/// The sum of two branches; an empty one is the input.
#[derive(Module, Debug)]
pub(crate) struct Sum {
    pub(crate) body: Vec<Step>,
    pub(crate) shortcut: Vec<Step>,
}

impl Sum {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        run(&self.body, x.clone()) + run(&self.shortcut, x)
    }
}

/// The channels of two branches in a row; an empty one is the input.
#[derive(Module, Debug)]
pub(crate) struct Concat {
    pub(crate) first: Vec<Step>,
    pub(crate) second: Vec<Step>,
}

impl Concat {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        Tensor::cat(vec![run(&self.first, x.clone()), run(&self.second, x)], 1)
    }
}
