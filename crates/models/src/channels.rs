//! Some of the channels.

use burn::module::Module;
use burn::tensor::{Tensor, s};

/// Channels in a row of its input.
#[derive(Module, Debug)]
pub(crate) struct Channels {
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Channels {
    pub(crate) fn new(first: usize, count: usize) -> Self {
        Self { first, count }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        x.slice(s![.., self.first..self.first + self.count])
    }
}
