//! Times training steps of three networks on the CPU: 28x28x1 images, batch 128, SGD.
//!
//! `RAYON_NUM_THREADS=1 cargo run --release -p automl-models --example training_step`
#![allow(clippy::print_stdout)]

use automl_arch::block;
use automl_arch::{Activation, Architecture, ArchitectureError, Block, Layer};
use automl_models::Network;
use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig, decay::WeightDecayConfig, momentum::MomentumConfig};
use burn::tensor::{Device, Tensor, activation::log_softmax};
use std::time::Instant;

const BATCH: usize = 128;

fn pool() -> Layer {
    Layer::once(Block::MaxPool(block::MaxPool { kernel: 2, stride: 2, padding: 0 }))
}

fn v2(repeat: usize, channels: usize, expansion: f64, stride: usize) -> Layer {
    Layer::new(
        repeat,
        Block::InvertedResidualV2(block::InvertedResidualV2 {
            channels,
            expansion,
            stride,
            eca: false,
        }),
    )
}

fn v3(repeat: usize, kernel: usize, channels: usize, stride: usize) -> Layer {
    Layer::new(
        repeat,
        Block::InvertedResidualV3(block::InvertedResidualV3 {
            kernel,
            expansion: 3.0,
            channels,
            squeeze_excite: true,
            hard_swish: true,
            stride,
            eca: false,
        }),
    )
}

fn time(name: &str, mut layers: Vec<Layer>) -> Result<(), ArchitectureError> {
    layers.extend([
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ]);
    let architecture = Architecture::new(1, 28, layers);
    let device = Device::flex().autodiff();
    let mut network = Network::new(&architecture, 0, &device)?;
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut optimiser = SgdConfig::new()
        .with_momentum(Some(momentum))
        .with_weight_decay(Some(WeightDecayConfig::new(5e-4)))
        .init();
    let pixels: Vec<f32> = (0..BATCH * 784).map(|i| (i as f32 * 0.37).sin()).collect();
    let images = Tensor::<1>::from_floats(pixels.as_slice(), &device).reshape([BATCH, 1, 28, 28]);
    let (mut forward, mut step) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..10 {
        let start = Instant::now();
        let scores = network.forward(images.clone());
        let loss = log_softmax(scores, 1).narrow(1, 0, 1).mean().neg();
        forward = forward.min(start.elapsed().as_secs_f64());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimiser.step(0.01, network, gradients);
        step = step.min(start.elapsed().as_secs_f64());
    }
    let evaluation = network.valid();
    let images = images.inner();
    let mut evaluate = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let _scores = evaluation.forward(images.clone()).into_data();
        evaluate = evaluate.min(start.elapsed().as_secs_f64());
    }
    let cost = architecture.cost()?;
    let rate = |seconds: f64| BATCH as f64 / seconds;
    println!(
        "{name:<12} {:>7} parameters {:>9} MACs: forward {:>4.0} ms, step {:>4.0} ms, {:>4.0} \
         images/s in training, {:>5.0} in evaluation",
        cost.parameters,
        cost.macs,
        1e3 * forward,
        1e3 * step,
        rate(step),
        rate(evaluate)
    );
    Ok(())
}

fn main() -> Result<(), ArchitectureError> {
    let conv = |repeat, channels| Layer::new(repeat, Block::conv(channels, 3, 1, Activation::Relu));
    time("plain", vec![conv(2, 32), pool(), conv(2, 64), pool(), conv(1, 64)])?;
    let stem = |activation| Layer::once(Block::conv(16, 3, 1, activation));
    let relu6 = stem(Activation::Relu6);
    time("mobilenet-v2", vec![relu6, v2(1, 16, 1.0, 1), v2(2, 24, 6.0, 2), v2(3, 32, 6.0, 2)])?;
    let swish = stem(Activation::HardSwish);
    time("mobilenet-v3", vec![swish, v3(2, 3, 24, 2), v3(2, 5, 40, 2)])
}
