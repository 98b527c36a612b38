//! Pooling.

use automl_arch::Pooling;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

/// Maxima or means of windows.
#[derive(Module, Debug)]
pub(crate) struct Pool {
    #[module(skip)]
    pub(super) kind: Pooling,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Pool {
    pub(crate) fn new(kind: Pooling, kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kind, kernel, stride, padding }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (kernel_size, stride) = ([self.kernel; 2], [self.stride; 2]);
        let padding = [(self.padding, self.padding); 2];
        match self.kind {
            Pooling::Max => max_pool2d(
                x,
                MaxPoolOptions { stride, padding, ..MaxPoolOptions::new(kernel_size) },
            ),
            Pooling::Average => avg_pool2d(
                x,
                AvgPoolOptions { stride, padding, ..AvgPoolOptions::new(kernel_size) },
            ),
        }
    }
}

/// The mean over all positions, as maps of side 1.
#[derive(Module, Debug)]
pub(crate) struct GlobalPool {
    #[module(skip)]
    unit: (),
}

impl GlobalPool {
    pub(crate) fn new() -> Self {
        Self { unit: () }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        global_mean(x)
    }
}

/// `[batch, channels, height, width]` to `[batch, channels, 1, 1]`.
pub(crate) fn global_mean(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels, 1, 1])
}
