//! Gradients of every kind of block against central differences, in 64-bit floats.
#![allow(clippy::unwrap_used)]

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Layer};
use automl_models::{NamedTensor, Network};
use automl_numeric::stream;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Gradients, Tensor};
use rand::RngExt;

/// Small, so that hardly a kink of ReLU or of a maximum lies within; weights are held as f32.
const STEP: f64 = 3e-6;

/// The mean of the scores, each times a fixed number, so that every score matters differently.
fn loss(network: &Network, images: &Tensor<4>) -> Tensor<1> {
    let scores = network.forward(images.clone());
    let [batch, classes] = scores.dims();
    let factors: Vec<f32> = (0..batch * classes).map(|i| (i as f32 * 1.7).sin()).collect();
    let factors = Tensor::<1>::from_floats(factors.as_slice(), &images.device());
    (scores * factors.reshape([batch, classes])).sum()
}

/// Gradients of all parameters in the order of the parameters' names.
struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<Option<Vec<f64>>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients);
        self.found.push(gradient.map(|tensor| tensor.into_data().iter::<f64>().collect()));
    }
}

fn check(block: Block, input_channels: usize, side: usize) {
    check_at(block, input_channels, (side, side));
}

fn check_at(block: Block, input_channels: usize, (height, width): (usize, usize)) {
    let mut device = Device::flex();
    // Once for the process; a second call says that it has been done.
    let _ = device.configure(FloatDType::F64);
    let device = device.autodiff();
    let name = format!("{block:?}");
    let architecture = Architecture::new(
        input_channels,
        (height, width),
        [
            Layer::new(2, block),
            Layer::once(Block::FixedConv(block::FixedConv {
                channels: 4,
                kernel: 1,
                stride: 1,
                padding: None,
                groups: 1,
                activation: Activation::Tanh,
            })),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(3)),
        ],
    );
    let mut rng = stream(5, 0, "gradients");
    let shape = [4, input_channels, height, width];
    let pixels: Vec<f32> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let images = Tensor::<1>::from_floats(pixels.as_slice(), &device).reshape(shape);

    // Weights far from their small and regular beginnings, and all in range of 32 bits.
    let mut tensors = Network::new(&architecture, 1, &device).unwrap().tensors();
    for tensor in tensors.iter_mut().filter(|tensor| tensor.is_parameter()) {
        for value in &mut tensor.values {
            *value += rng.random_range(-0.3..0.3);
        }
    }
    let at =
        |tensors: &[NamedTensor]| Network::load(&architecture, tensors.to_vec(), &device).unwrap();
    let network = at(&tensors);
    let gradients = loss(&network, &images).backward();
    let mut collect = Collect { gradients: &gradients, found: Vec::new() };
    network.visit(&mut collect);
    assert_eq!(collect.found.len(), tensors.len());

    let value = |tensors: &[NamedTensor]| loss(&at(tensors), &images).into_scalar::<f64>();
    let mut checked = 0;
    for (index, analytic) in collect.found.iter().enumerate() {
        if !tensors[index].is_parameter() {
            continue;
        }
        let analytic = analytic.as_ref().unwrap_or_else(|| panic!("{name}: no gradient"));
        let scale = analytic.iter().fold(0.1_f64, |most, x| most.max(x.abs()));
        for _ in 0..2 {
            let entry = rng.random_range(0..analytic.len());
            let old = tensors[index].values[entry];
            let (high, low) = (old + STEP as f32, old - STEP as f32);
            tensors[index].values[entry] = high;
            let above = value(&tensors);
            tensors[index].values[entry] = low;
            let below = value(&tensors);
            tensors[index].values[entry] = old;
            let difference = (above - below) / (f64::from(high) - f64::from(low));
            let error = (difference - analytic[entry]).abs() / scale;
            assert!(
                error < 1e-5,
                "{name}: {} [{entry}]: {difference} and {}",
                tensors[index].name,
                analytic[entry]
            );
            checked += 1;
        }
    }
    assert!(checked >= 8);
}

fn v3(squeeze_excite: bool, hard_swish: bool, stride: usize, eca: bool) -> Block {
    let (kernel, expansion, channels) = (3, 2.0, 8);
    Block::InvertedResidualV3(block::InvertedResidualV3 {
        kernel,
        expansion,
        channels,
        squeeze_excite,
        hard_swish,
        stride,
        eca,
    })
}

#[test]
fn convolutions() {
    for activation in [
        Activation::Identity,
        Activation::Relu,
        Activation::Relu6,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Silu,
        Activation::Sigmoid,
        Activation::LeakyRelu,
        Activation::Gelu,
        Activation::Tanh,
    ] {
        check(Block::conv(8, 1, 1, activation), 3, 5);
    }
    for (kernel, stride) in [(1, 2), (3, 1), (3, 2), (5, 1), (5, 2)] {
        check(Block::conv(8, kernel, stride, Activation::Tanh), 3, 6);
        check(Block::dw_conv(8, kernel, stride, Activation::Tanh), 8, 6);
    }
    // Smooth functions, of images that are not square.
    for (kernel, stride) in [(3, 1), (3, 2), (5, 2)] {
        check_at(Block::conv(8, kernel, stride, Activation::Tanh), 3, (7, 4));
        check_at(Block::dw_conv(8, kernel, stride, Activation::Tanh), 8, (4, 7));
    }
    check_at(Block::AvgPool(block::AvgPool { kernel: 3, stride: 2, padding: 1 }), 4, (9, 6));
    let grouped = |padding| {
        Block::Conv(block::Conv {
            channels: 8,
            kernel: 3,
            stride: 2,
            padding,
            groups: 4,
            activation: Activation::Tanh,
        })
    };
    check(grouped(None), 8, 7);
    check(grouped(Some(2)), 8, 7);
}

#[test]
fn residual_blocks() {
    let bottleneck = |eca| {
        Block::Bottleneck(block::Bottleneck {
            channels: 8,
            shortcut: true,
            groups: 1,
            expansion: 0.5,
            activation: Activation::Silu,
            eca,
        })
    };
    check(bottleneck(false), 8, 4);
    check(bottleneck(true), 8, 4);
}

#[test]
fn inverted_residual_blocks() {
    for stride in [1, 2] {
        check(
            Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels: 8,
                expansion: 2.0,
                stride,
                eca: stride == 1,
            }),
            8,
            5,
        );
        for (squeeze_excite, hard_swish) in [(false, true), (true, false), (true, true)] {
            check(v3(squeeze_excite, hard_swish, stride, stride == 2), 8, 5);
        }
    }
}

#[test]
fn efficientnets_and_ghostnets_blocks() {
    for stride in [1, 2] {
        for squeeze_excite in [false, true] {
            check(
                Block::MBConv(block::MBConv {
                    expansion: 2.0,
                    channels: 8,
                    stride,
                    kernel: 3,
                    squeeze_excite,
                }),
                8,
                6,
            );
            let kernel = 5;
            check(
                Block::GhostBottleneck(block::GhostBottleneck {
                    kernel,
                    expansion: 1.5,
                    channels: 8,
                    squeeze_excite,
                    stride,
                }),
                8,
                6,
            );
        }
    }
}

#[test]
fn fire_and_pooling() {
    check(Block::Fire(block::Fire { squeeze: 3, expand1: 4, expand3: 5 }), 4, 5);
    for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1)] {
        check(Block::MaxPool(block::MaxPool { kernel, stride, padding }), 4, 8);
        check(Block::AvgPool(block::AvgPool { kernel, stride, padding }), 4, 8);
    }
}

#[test]
fn products_dilations_and_layer_scales() {
    let (channels, layer_scale) = (8, true);
    let (expansion, activation) = (1.5, Activation::Silu);
    check(Block::GatedFFN(block::GatedFFN { channels, expansion, activation, layer_scale }), 8, 5);
    for (kernel, dilation) in [(3, 2), (5, 3)] {
        let activation = Activation::Tanh;
        let split = block::SplitConv { channels, kernel, dilation, activation, layer_scale };
        check_at(Block::SplitConv(split), 8, (7, 5));
    }
}
