//! Scores and gradients of every kind of block through wgpu against those of the CPU, the latter's own
//! gradients are checked against differences (`gradients.rs`). Runs on whatever adapter there is,
//! software renderers too: `cargo test --release -p automl-models --features gpu --test wgpu`.
#![cfg(feature = "gpu")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Layer};
use automl_models::Network;
use automl_numeric::stream;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use rand::RngExt;

/// Gradients of all parameters in the order of the parameters' names.
struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<Vec<f64>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients);
        let values = gradient.map(|tensor| tensor.into_data().iter::<f64>().collect());
        self.found.push(values.unwrap_or_default());
    }
}

/// Scores, and the gradients of a weighted sum of them.
fn run(architecture: &Architecture, pixels: &[f32], device: &Device) -> Vec<Vec<f64>> {
    let device = device.clone().autodiff();
    let side = architecture.input_side;
    let channels = architecture.input_channels;
    let batch = pixels.len() / (channels * side.pixels());
    let shape = [batch, channels, side.height, side.width];
    let images = Tensor::<1>::from_floats(pixels, &device).reshape(shape);
    let network = Network::new(architecture, 1, &device).unwrap();
    let scores = network.forward(images);
    let [rows, classes] = scores.dims();
    let factors: Vec<f32> = (0..rows * classes).map(|i| (i as f32 * 1.7).sin()).collect();
    let factors = Tensor::<1>::from_floats(factors.as_slice(), &device).reshape([rows, classes]);
    let values: Vec<f64> = scores.clone().into_data().iter::<f64>().collect();
    let gradients = (scores * factors).sum().backward();
    let mut collect = Collect { gradients: &gradients, found: vec![values] };
    network.visit(&mut collect);
    collect.found
}

fn blocks() -> Vec<(Block, usize)> {
    let v3 = |squeeze_excite, hard_swish, stride, eca| {
        Block::InvertedResidualV3(block::InvertedResidualV3 {
            kernel: 3,
            expansion: 2.0,
            channels: 8,
            squeeze_excite,
            hard_swish,
            stride,
            eca,
        })
    };
    let ghost = |stride, squeeze_excite| {
        Block::GhostBottleneck(block::GhostBottleneck {
            kernel: 3,
            expansion: 1.5,
            channels: 8,
            squeeze_excite,
            stride,
        })
    };
    let mbconv = |stride, squeeze_excite| {
        Block::MBConv(block::MBConv {
            expansion: 2.0,
            channels: 8,
            stride,
            kernel: 3,
            squeeze_excite,
        })
    };
    let bottleneck = Block::Bottleneck(block::Bottleneck {
        channels: 8,
        shortcut: true,
        groups: 1,
        expansion: 0.5,
        activation: Activation::Silu,
        eca: true,
    });
    vec![
        (Block::conv(8, 3, 2, Activation::Relu), 3),
        (Block::conv(8, 1, 1, Activation::HardSwish), 3),
        (Block::dw_conv(8, 5, 1, Activation::Relu6), 8),
        (bottleneck, 8),
        (
            Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels: 8,
                expansion: 2.0,
                stride: 1,
                eca: false,
            }),
            8,
        ),
        (v3(true, true, 1, false), 8),
        (v3(false, true, 2, true), 8),
        (mbconv(1, true), 8),
        (mbconv(2, false), 8),
        (ghost(1, false), 8),
        (ghost(2, true), 8),
        (Block::Fire(block::Fire { squeeze: 3, expand1: 4, expand3: 5 }), 4),
        (Block::MaxPool(block::MaxPool { kernel: 3, stride: 2, padding: 1 }), 4),
        (Block::AvgPool(block::AvgPool { kernel: 2, stride: 2, padding: 0 }), 4),
    ]
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

#[test]
fn blocks_agree_with_the_cpu() {
    let wgpu = match Device::wgpu_options().init_with_setup() {
        Ok((device, setup)) => {
            eprintln!("on {}", setup.adapter.get_info().name);
            device
        }
        Err(error) => {
            eprintln!("skipped: no adapter ({error})");
            return;
        }
    };
    for (block, channels) in blocks() {
        let name = format!("{block:?}");
        let architecture = Architecture::new(
            channels,
            8,
            [
                Layer::new(2, block),
                Layer::once(Block::conv(4, 1, 1, Activation::Tanh)),
                Layer::once(Block::GlobalAvgPool),
                Layer::once(Block::Flatten),
                Layer::once(Block::linear(3)),
            ],
        );
        let mut rng = stream(5, 0, "wgpu");
        let pixels: Vec<f32> =
            (0..4 * channels * 64).map(|_| rng.random_range(-1.0..1.0)).collect();
        let ours = run(&architecture, &pixels, &wgpu);
        let cpu = run(&architecture, &pixels, &Device::flex());
        assert_eq!(ours.len(), cpu.len(), "{name}");
        // Sums before a normalization nearly cancel, so the rounding error of a small gradient is
        // that of the largest.
        let largest = cpu.iter().map(|values| norm(values)).fold(0.0, f64::max);
        for (index, (a, b)) in ours.iter().zip(&cpu).enumerate() {
            assert_eq!(a.len(), b.len(), "{name}: tensor {index}");
            let apart: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
            let (error, size) = (norm(&apart), norm(b));
            let limit = (0.01 * size).max(0.001 * largest);
            assert!(error <= limit, "{name}: tensor {index}: off by {error} of {size}, {largest}");
        }
    }
}
