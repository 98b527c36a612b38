//! Short constructors of common blocks.

use super::{AvgPool, Block, Conv, DWConv, InvertedResidualV3, Linear, MaxPool};
use crate::activation::Activation;

impl Block {
    /// A convolution with automatic padding and one group.
    pub fn conv(channels: usize, kernel: usize, stride: usize, activation: Activation) -> Self {
        Self::Conv(Conv { channels, kernel, stride, padding: None, groups: 1, activation })
    }

    /// A depthwise convolution with automatic padding: gcd(input, output channels) groups.
    pub fn dw_conv(channels: usize, kernel: usize, stride: usize, activation: Activation) -> Self {
        Self::DWConv(DWConv { channels, kernel, stride, padding: None, activation })
    }

    /// A version 3 inverted residual with ReLU and without attention.
    pub fn inverted_residual(
        kernel: usize,
        expansion: f64,
        channels: usize,
        stride: usize,
    ) -> Self {
        Self::InvertedResidualV3(InvertedResidualV3 {
            kernel,
            expansion,
            channels,
            squeeze_excite: false,
            hard_swish: false,
            stride,
            eca: false,
        })
    }

    /// A max pooling.
    pub fn max_pool(kernel: usize, stride: usize, padding: usize) -> Self {
        Self::MaxPool(MaxPool { kernel, stride, padding })
    }

    /// An average pooling.
    pub fn avg_pool(kernel: usize, stride: usize, padding: usize) -> Self {
        Self::AvgPool(AvgPool { kernel, stride, padding })
    }

    /// A linear layer without activation, as classifiers have.
    pub fn linear(features: usize) -> Self {
        Self::Linear(Linear { features, activation: Activation::Identity })
    }
}
