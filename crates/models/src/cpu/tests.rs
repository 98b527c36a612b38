//! The hand-written passes against burn's automatic derivative and against differences.

use super::buffer::Buffer;
use super::convolution::{After, Convolved, convolve};
use super::gradient::Gradient;
use super::maps::{Maps, Shape};
use super::mode::Mode;
use super::norm;
use super::tensor::numbers;
use crate::Network;
use crate::init::Init;
use crate::layer::{run, run_with};
use crate::norm::Norm;
use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Convolution, Graph, Layer, Op};
use automl_numeric::stream;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use rand::RngExt;
use std::sync::Arc;

fn random(count: usize, index: u64) -> Vec<f32> {
    let mut rng = stream(11, index, "passes");
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Gradients of all parameters.
struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.found.push(numbers(gradient));
        }
    }
}

fn collect(network: &Network, gradients: &Gradients) -> Vec<Vec<f32>> {
    let mut collect = Collect { gradients, found: Vec::new() };
    network.visit(&mut collect);
    collect.found
}

fn most(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, x| x.abs().max(most))
}

fn close(what: &str, ours: &[f32], burns: &[f32], floor: f32) {
    assert_eq!(ours.len(), burns.len(), "{what}");
    let scale = most(burns).max(floor);
    for (a, b) in ours.iter().zip(burns) {
        assert!((a - b).abs() <= 3e-4 * scale, "{what}: {a} and {b} of {scale}");
    }
}

/// Loss, gradients, running statistics and evaluation are burn's.
fn agrees(layers: Vec<Layer>, channels: usize, extent: (usize, usize)) {
    agree(&Architecture::new(channels, extent, layers).graph().unwrap());
}

/// The same of any graph.
fn agree(graph: &Graph) {
    let name = format!("{graph:?}");
    let channels = graph.input_channels;
    let (height, width) = (graph.input_side.height, graph.input_side.width);
    let device = Device::flex().autodiff();
    let mut tensors = Network::from_graph(graph, 1, &device).tensors();
    for (index, tensor) in tensors.iter_mut().enumerate().filter(|(_, t)| t.is_parameter()) {
        for (value, change) in tensor.values.iter_mut().zip(random(100_000, index as u64)) {
            *value += 0.3 * change;
        }
    }
    let network = Network::from_graph(graph, 0, &device).with_tensors(tensors).unwrap();
    let other = network.copy();
    // Two batches: the second writes into used memory.
    for batch in [5, 4] {
        let shape = [batch, channels, height, width];
        let pixels = random(shape.iter().product(), 99);
        let images = Tensor::<1>::from_floats(pixels.as_slice(), &device).reshape(shape);
        let classes = graph.classes;
        let factors = Tensor::<1>::from_floats(random(batch * classes, 98).as_slice(), &device)
            .reshape([batch, classes]);
        let loss = |scores: Tensor<2>| (scores * factors.clone()).sum();
        let (value, gradients) = network.gradients(images.clone(), loss);
        let theirs = loss(other.forward(images.clone()));
        let burns = theirs.backward();
        close(&name, &numbers(value), &numbers(theirs), 1.0);
        let (ours, burns) = (collect(&network, &gradients), collect(&other, &burns));
        assert_eq!(ours.len(), burns.len(), "{name}");
        let floor = 0.05 * burns.iter().map(|g| most(g)).fold(0.0, f32::max);
        for (ours, burns) in ours.iter().zip(&burns) {
            close(&name, ours, burns, floor);
        }
        for (ours, burns) in network.tensors().iter().zip(other.tensors()) {
            close(&burns.name, &ours.values, &burns.values, 0.1);
        }
        network.observe(images.clone());
        other.forward(images.clone());
        for (ours, burns) in network.tensors().iter().zip(other.tensors()) {
            close(&burns.name, &ours.values, &burns.values, 0.1);
        }
        let evaluation = network.valid();
        let images = images.inner();
        let general = run(&evaluation.layers, images.clone()).flatten::<2>(1, 3);
        close(&name, &numbers(evaluation.forward(images)), &numbers(general), 0.1);
    }
}

fn headed(blocks: Vec<Layer>) -> Vec<Layer> {
    let mut layers = blocks;
    layers.extend([
        Layer::once(Block::conv(12, 1, 1, Activation::Tanh)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(3)),
    ]);
    layers
}

fn check(block: Block, channels: usize, side: usize) {
    for side in [(side, side), (side, side + 3)] {
        agrees(headed(vec![Layer::new(2, block.clone())]), channels, side);
    }
}

const ACTIVATIONS: [Activation; 10] = [
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
];

#[test]
fn convolutions() {
    for activation in ACTIVATIONS {
        check(Block::conv(8, 1, 1, activation), 3, 5);
    }
    for (kernel, stride, channels) in [(1, 2, 8), (3, 1, 24), (3, 2, 20), (5, 1, 8), (5, 2, 40)] {
        check(Block::conv(channels, kernel, stride, Activation::Relu), 1, 9);
        check(Block::conv(channels, kernel, stride, Activation::Relu), 9, 8);
        check(Block::dw_conv(24, kernel, stride, Activation::Relu), 24, 9);
        check(Block::dw_conv(12, kernel, stride, Activation::Relu), 12, 8);
        check(Block::dw_conv(12, kernel, stride, Activation::Relu), 6, 7);
    }
    for padding in [None, Some(2)] {
        let (channels, kernel, stride, groups) = (8, 3, 2, 4);
        let activation = Activation::HardSwish;
        check(
            Block::Conv(block::Conv { channels, kernel, stride, padding, groups, activation }),
            8,
            9,
        );
    }
    for kernel in [3, 7] {
        check(Block::dw_conv(16, kernel, 1, Activation::Relu), 16, 9);
    }
}

#[test]
fn blocks_of_light_networks() {
    for stride in [1, 2] {
        let v2 = |eca| {
            Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels: 16,
                expansion: 3.0,
                stride,
                eca,
            })
        };
        check(v2(false), 16, 8);
        check(v2(true), 8, 7);
        for (squeeze_excite, hard_swish, eca) in [(true, true, false), (false, true, true)] {
            let (kernel, expansion, channels) = (5, 2.0, 16);
            let block = Block::InvertedResidualV3(block::InvertedResidualV3 {
                kernel,
                expansion,
                channels,
                squeeze_excite,
                hard_swish,
                stride,
                eca,
            });
            check(block, 16, 8);
        }
        let (expansion, kernel, squeeze_excite) = (2.0, 3, true);
        check(
            Block::MBConv(block::MBConv { expansion, channels: 8, stride, kernel, squeeze_excite }),
            8,
            8,
        );
        let expansion = 1.5;
        let ghost = Block::GhostBottleneck(block::GhostBottleneck {
            kernel,
            expansion,
            channels: 8,
            squeeze_excite,
            stride,
        });
        check(ghost, 8, 8);
    }
    let (shortcut, groups, expansion, activation) = (true, 1, 0.5, Activation::Silu);
    let (channels, eca) = (16, true);
    check(
        Block::Bottleneck(block::Bottleneck {
            channels,
            shortcut,
            groups,
            expansion,
            activation,
            eca,
        }),
        16,
        6,
    );
    check(Block::Fire(block::Fire { squeeze: 3, expand1: 4, expand3: 5 }), 4, 6);
}

#[test]
fn pools_and_heads() {
    for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1)] {
        let conv = Layer::once(Block::conv(8, 3, 1, Activation::HardSwish));
        for pool in [
            Block::MaxPool(block::MaxPool { kernel, stride, padding }),
            Block::AvgPool(block::AvgPool { kernel, stride, padding }),
        ] {
            agrees(headed(vec![conv.clone(), Layer::once(pool.clone())]), 2, (12, 10));
            agrees(headed(vec![Layer::once(pool)]), 3, (9, 9));
        }
    }
    // Maps, not only means, before the linear layers.
    let layers = vec![
        Layer::once(Block::conv(6, 3, 2, Activation::Relu)),
        Layer::once(Block::Flatten),
        Layer::once(Block::Linear(block::Linear { features: 9, activation: Activation::Relu })),
        Layer::once(Block::linear(4)),
    ];
    agrees(layers, 2, (8, 7));
}

#[test]
fn recent_blocks() {
    for stride in [1, 2] {
        let activation = Activation::HardSwish;
        let one = block::MobileOne { channels: 16, kernel: 3, stride, activation };
        check(Block::MobileOne(one), 8, 8);
        for kernel in [1, 5] {
            let (channels, expansion, before) = (16, 2.0, 3);
            let uib = block::UIB { channels, expansion, before, kernel, stride };
            check(Block::UIB(uib), 16, 7);
        }
        let mix = block::MixConv { channels: 16, expansion: 2.0, kernel: 5, stride };
        check(Block::MixConv(mix), 16, 8);
    }
    let (channels, expansion, kernel, activation) = (16, 2.0, 3, Activation::Relu);
    let faster = block::FasterNet { channels, expansion, kernel, activation };
    // The first block reads the images, which need no gradient.
    for (inputs, side) in [(16, 7), (8, 6), (1, 8)] {
        check(Block::FasterNet(faster.clone()), inputs, side);
    }
}

#[test]
fn gated_blocks() {
    for layer_scale in [true, false] {
        let gated = block::GatedFFN {
            channels: 16,
            expansion: 1.5,
            activation: Activation::Silu,
            layer_scale,
        };
        let split = |kernel: usize, dilation: usize| block::SplitConv {
            channels: 16,
            kernel,
            dilation,
            activation: Activation::HardSwish,
            layer_scale,
        };
        // The first block reads the images, which need no gradient.
        for (inputs, side) in [(16, 7), (9, 6), (1, 8)] {
            check(Block::GatedFFN(gated.clone()), inputs, side);
            check(Block::SplitConv(split(7, 3)), inputs, side);
            check(Block::SplitConv(split(3, 2)), inputs, side);
        }
    }
    for stride in [1, 2] {
        let star = block::StarNet { channels: 16, expansion: 2.0, kernel: 5, stride };
        check(Block::StarNet(star), 16, 7);
        let stem = block::DeepStem { channels: 24, stride, activation: Activation::Relu };
        check(Block::DeepStem(stem), 3, 9);
    }
}

/// Products of branches of all kinds: of the input with itself, and of a branch that another product
/// ends.
#[test]
fn products() {
    let layers = headed(vec![Layer::once(Block::conv(8, 3, 1, Activation::Tanh))]);
    let mut graph = Architecture::new(2, 6, layers).graph().unwrap();
    let square = Op::Product { first: vec![], second: vec![] };
    let gate = Op::Product { first: vec![Op::Activation(Activation::Sigmoid)], second: vec![] };
    let inner = Op::Product { first: vec![square.clone()], second: vec![gate] };
    graph.nodes.splice(1..1, [square, inner]);
    graph.check().unwrap();
    agree(&graph);
}

/// Under the noise of a step, gradients are burn's, and in expectation the noise changes nothing.
#[test]
fn noise() {
    let block = block::InvertedResidualV2 { channels: 16, expansion: 2.0, stride: 1, eca: false };
    let blocks = vec![
        Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
        Layer::new(3, Block::InvertedResidualV2(block)),
    ];
    let flat = [Layer::once(Block::Flatten), Layer::once(Block::linear(3))];
    for layers in [headed(blocks.clone()), blocks.into_iter().chain(flat).collect()] {
        let device = Device::flex().autodiff();
        let network = Network::new(&Architecture::new(2, 8, layers), 1, &device).unwrap();
        let other = network.copy();
        let noise = network.noise(6, 0.5, 0.8, &mut stream(4, 0, "noise"));
        let pixels = Tensor::<1>::from_floats(random(6 * 128, 9).as_slice(), &device);
        let images = pixels.reshape([6, 2, 8, 8]);
        let factors = Tensor::<1>::from_floats(random(18, 8).as_slice(), &device).reshape([6, 3]);
        let loss = |scores: Tensor<2>| (scores * factors.clone()).sum();
        let (value, gradients) = network.gradients_with(images.clone(), &noise, loss);
        let theirs = loss(run_with(&other.layers, images.clone(), &noise).flatten(1, 3));
        close("loss", &numbers(value.clone()), &numbers(theirs.clone()), 0.01);
        let burns = theirs.backward();
        for (ours, burns) in collect(&network, &gradients).iter().zip(collect(&other, &burns)) {
            close("gradient", ours, &burns, 1e-3);
        }
        let (without, _) = network.gradients(images.clone(), loss);
        assert_ne!(numbers(value), numbers(without));
        let (first, _) = network.gradients_with(images.clone(), &noise.part(0..6), loss);
        let (again, _) = network.gradients_with(images, &noise, loss);
        assert_eq!(numbers(first), numbers(again));
    }
}

/// A body is left out as often as the number of its block says, and the factors have mean 1.
#[test]
fn noise_has_its_probabilities() {
    let block = Block::InvertedResidualV2(block::InvertedResidualV2 {
        channels: 8,
        expansion: 2.0,
        stride: 1,
        eca: false,
    });
    let layers = vec![Layer::once(Block::conv(8, 3, 1, Activation::Relu)), Layer::new(2, block)];
    let network =
        Network::new(&Architecture::new(1, 8, headed(layers)), 1, &Device::flex()).unwrap();
    let noise = network.noise(20_000, 0.25, 0.6, &mut stream(4, 0, "noise"));
    let expected = [0.3, 0.6, 0.25];
    let found = (0..network.layers.len()).filter_map(|layer| noise.of(layer));
    let mut shares = Vec::new();
    for factors in found {
        let values = &factors.values;
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        shares.push(zeros as f64 / values.len() as f64);
    }
    assert_eq!(shares.len(), expected.len());
    for (share, expected) in shares.iter().zip(expected) {
        assert!((share - expected).abs() < 0.02, "{share} {expected}");
    }
    assert!(network.noise(4, 0.0, 0.0, &mut stream(4, 0, "noise")).is_none());
}

/// Two runs give the same bits, on one thread and on several.
#[test]
fn gradients_are_reproducible() {
    let block = Block::InvertedResidualV3(block::InvertedResidualV3 {
        kernel: 3,
        expansion: 3.0,
        channels: 16,
        squeeze_excite: true,
        hard_swish: true,
        stride: 1,
        eca: false,
    });
    let layers = headed(vec![
        Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
        Layer::new(2, block),
        Layer::once(Block::MaxPool(block::MaxPool { kernel: 3, stride: 2, padding: 1 })),
    ]);
    let architecture = Architecture::new(1, 20, layers);
    let device = Device::flex().autodiff();
    let network = Network::new(&architecture, 1, &device).unwrap();
    let once = || {
        let images = Tensor::<1>::from_floats(random(30 * 400, 3).as_slice(), &device);
        let (loss, gradients) = network
            .gradients(images.reshape([30, 1, 20, 20]), |scores| scores.powf_scalar(2.0).mean());
        (numbers(loss), collect(&network, &gradients))
    };
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(once)
    };
    let first = on(1);
    for threads in [1, 2, 3, 2] {
        assert_eq!(first, on(threads));
    }
}

/// The sum of f(norm(conv(x))) times g, by the passes, and its gradients.
struct Example {
    spec: Convolution,
    norm: Option<Norm>,
    shape: Shape,
    x: Vec<f32>,
    weights: Vec<f32>,
    g: Vec<f32>,
}

impl Example {
    fn run(&self) -> Convolved {
        let input = Arc::new(Maps::plain(self.shape, Buffer::copy(&self.x)));
        let after = match &self.norm {
            Some(norm) => After::Norm(norm, None),
            None => After::Bias(vec![0.1; self.spec.outputs]),
        };
        convolve(&self.spec, &self.weights, after, &input, Mode::Train)
    }

    fn value(&self) -> f64 {
        let output = self.run().output().all();
        output.iter().zip(&self.g).map(|(y, g)| f64::from(*y) * f64::from(*g)).sum()
    }
}

/// Central differences of every kind of convolution, by weights and inputs.
#[test]
fn gradients_are_differences() {
    let device = Device::flex().autodiff();
    for (case, (kernel, stride, inputs, outputs, groups, norm, dilation)) in [
        (1, 1, 8, 12, 1, true, 1),
        (3, 1, 8, 16, 1, true, 1),
        (3, 2, 3, 8, 1, true, 1),
        (5, 2, 9, 8, 1, false, 1),
        (3, 1, 8, 8, 8, true, 1),
        (5, 2, 8, 8, 8, true, 1),
        (3, 2, 6, 12, 6, false, 1),
        (3, 1, 8, 8, 2, true, 1),
        (3, 1, 8, 8, 8, true, 2),
        (5, 2, 9, 9, 9, false, 3),
        (3, 1, 1, 1, 1, true, 2),
    ]
    .into_iter()
    .enumerate()
    {
        let activation = Activation::Tanh;
        let border = kernel / 2 * dilation;
        let spec = Convolution {
            inputs,
            outputs,
            kernel,
            stride,
            padding: (border, border),
            groups,
            norm,
            activation,
            dilation,
            layer_scale: false,
        };
        let shape = Shape { batch: 3, height: 6, width: 5, channels: inputs };
        let count = outputs * inputs / groups * kernel * kernel;
        let mut example = Example {
            norm: norm.then(|| Norm::new(outputs, &Init::new(0, &device))),
            shape,
            x: random(shape.len(), 1),
            weights: random(count, 2).into_iter().map(|w| 0.3 * w).collect(),
            g: random(3 * 6 * 5 * outputs, 3),
            spec,
        };
        let convolved = example.run();
        let length = convolved.output().shape.len();
        let g = Gradient::plain(Buffer::copy(&example.g[..length]));
        let (found, at_input) = convolved.backward(g, None);
        let at_input = at_input.unwrap().values;
        let mut rng = stream(12, case as u64, "entries");
        let step = 0.01;
        for _ in 0..6 {
            let entry = rng.random_range(0..example.weights.len());
            let old = example.weights[entry];
            example.weights[entry] = old + step;
            let above = example.value();
            example.weights[entry] = old - step;
            let difference = (above - example.value()) / f64::from(2.0 * step);
            example.weights[entry] = old;
            let error = (difference - f64::from(found.weight[entry])).abs();
            assert!(error < 4e-3 * f64::from(most(&found.weight)), "{case}: weight {entry}");

            let entry = rng.random_range(0..example.x.len());
            let old = example.x[entry];
            example.x[entry] = old + step;
            let above = example.value();
            example.x[entry] = old - step;
            let difference = (above - example.value()) / f64::from(2.0 * step);
            example.x[entry] = old;
            let error = (difference - f64::from(at_input[entry])).abs();
            assert!(error < 4e-3 * f64::from(most(&at_input)), "{case}: input {entry}");
        }
    }
}

/// Means far from zero lose no precision.
#[test]
fn moments_are_exact_far_from_zero() {
    let z: Vec<f32> = random(3 * 5000, 5).iter().map(|x| 1000.0 + x).collect();
    let part = |z: &[f32]| {
        let mut moments = norm::Moments::new(3);
        z.chunks(3 * 700).for_each(|z| moments.add(z));
        moments
    };
    let parts = [part(&z[..3 * 1200]), part(&z[3 * 1200..]), part(&[])];
    let (means, variances) = norm::Moments::finish(&parts);
    for channel in 0..3 {
        let z: Vec<f64> = z.iter().skip(channel).step_by(3).map(|x| f64::from(*x)).collect();
        let mean = z.iter().sum::<f64>() / 5000.0;
        let variance = z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 5000.0;
        assert!((f64::from(means[channel]) - mean).abs() < 1e-4);
        assert!((f64::from(variances[channel]) / variance - 1.0).abs() < 1e-5);
    }
}
