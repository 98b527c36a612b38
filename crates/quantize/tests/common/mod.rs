//! Networks of every block kind with random weights.
#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::too_many_lines, reason = "tables of cases")]

pub(crate) mod tools;

use automl_arch::{
    Activation, Architecture, Block, Convolution, Gate, Graph, Layer, Op, Pooling, block,
};
use automl_deploy::{Program, Tensor, Weights};
use automl_extent::Extent;
use automl_numeric::{Stream, stream};
use automl_quantize::Int8Program;
use rand::RngExt;

/// Mean and deviation of every channel.
pub(crate) const NORMAL: (f32, f32) = (0.45, 0.25);

/// Random weights of a graph, such that the values of all maps have about the same size.
pub(crate) fn weights(graph: &Graph, seed: u64) -> Weights {
    let mut random = Random { rng: stream(seed, 0, "weights"), tensors: Vec::new() };
    random.chain("layers", &graph.nodes, graph.input_channels);
    Weights::new(random.tensors)
}

/// The folded program of a graph with random weights.
pub(crate) fn program(graph: &Graph, seed: u64) -> Program {
    Program::lower(graph, &weights(graph, seed)).unwrap()
}

/// Images of smooth random patterns, `[channels, height, width]`.
pub(crate) fn images(graph: &Graph, count: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = stream(seed, 1, "images");
    let (channels, side) = (graph.input_channels, graph.input_side);
    let Extent { height, width } = side;
    let image = |_| {
        let waves: Vec<[f32; 4]> = (0..channels)
            .map(|_| [1.0, 1.0, 6.0, 100.0].map(|most: f32| rng.random::<f32>() * most))
            .collect();
        let pixel = |index: usize| {
            let [a, b, phase, size] = waves[index / side.pixels()];
            let (row, column) = (index / width % height, index % width);
            (127.5 + size * (a * row as f32 + b * column as f32 + phase).sin()) as u8
        };
        (0..channels * side.pixels()).map(pixel).collect()
    };
    (0..count).map(image).collect()
}

/// `[channels, height, width]` to `[height, width, channels]`.
pub(crate) fn channels_last(image: &[u8], channels: usize) -> Vec<u8> {
    let positions = image.len() / channels;
    (0..image.len()).map(|i| image[i % channels * positions + i / channels]).collect()
}

/// The program in int8, calibrated on 64 images.
pub(crate) fn quantized(graph: &Graph, seed: u64) -> Int8Program {
    let normalization = vec![NORMAL; graph.input_channels];
    Int8Program::quantize(&program(graph, seed), &normalization, &images(graph, 64, 1)).unwrap()
}

/// Blocks of every kind.
pub(crate) fn blocks() -> Vec<(&'static str, Block)> {
    let v3 = |squeeze_excite, hard_swish, eca, stride| {
        Block::InvertedResidualV3(block::InvertedResidualV3 {
            kernel: 5,
            expansion: 2.0,
            channels: 8,
            squeeze_excite,
            hard_swish,
            stride,
            eca,
        })
    };
    let v2 = |stride, eca| {
        Block::InvertedResidualV2(block::InvertedResidualV2 {
            channels: 8,
            expansion: 3.0,
            stride,
            eca,
        })
    };
    let bottleneck = |shortcut, groups, eca| {
        Block::Bottleneck(block::Bottleneck {
            channels: 8,
            shortcut,
            groups,
            expansion: 0.5,
            activation: Activation::Gelu,
            eca,
        })
    };
    let fixed = |channels, kernel, groups, activation| {
        let (stride, padding) = (1, None);
        Block::FixedConv(block::FixedConv { channels, kernel, stride, padding, groups, activation })
    };
    let mut blocks = vec![
        ("bottleneck", bottleneck(true, 1, false)),
        ("bottleneck-grouped", bottleneck(true, 2, true)),
        ("v2", v2(1, false)),
        ("v2-eca", v2(2, true)),
        ("v3", v3(false, false, false, 1)),
        ("v3-se-swish", v3(true, true, false, 1)),
        ("v3-se", v3(true, false, false, 2)),
        ("v3-eca", v3(false, true, true, 1)),
        (
            "mb-conv",
            Block::MBConv(block::MBConv {
                expansion: 2.0,
                channels: 8,
                stride: 1,
                kernel: 3,
                squeeze_excite: true,
            }),
        ),
        ("fire", Block::Fire(block::Fire { squeeze: 3, expand1: 4, expand3: 5 })),
        (
            "ghost",
            Block::GhostBottleneck(block::GhostBottleneck {
                kernel: 3,
                expansion: 2.0,
                channels: 8,
                squeeze_excite: true,
                stride: 2,
            }),
        ),
        ("max-pool", Block::MaxPool(block::MaxPool { kernel: 3, stride: 2, padding: 1 })),
        ("avg-pool", Block::AvgPool(block::AvgPool { kernel: 2, stride: 1, padding: 1 })),
        (
            "dw-conv",
            Block::DWConv(block::DWConv {
                channels: 16,
                kernel: 7,
                stride: 2,
                padding: None,
                activation: Activation::Silu,
            }),
        ),
        ("fixed", fixed(7, 3, 1, Activation::LeakyRelu)),
        ("pass", Block::Pass),
        (
            "mobile-one",
            Block::MobileOne(block::MobileOne {
                channels: 16,
                kernel: 3,
                stride: 1,
                activation: Activation::Relu,
            }),
        ),
        (
            "uib",
            Block::UIB(block::UIB { channels: 8, expansion: 2.0, before: 3, kernel: 5, stride: 1 }),
        ),
        (
            "faster-net",
            Block::FasterNet(block::FasterNet {
                channels: 8,
                expansion: 2.0,
                kernel: 3,
                activation: Activation::Relu,
            }),
        ),
        (
            "mix-conv",
            Block::MixConv(block::MixConv { channels: 16, expansion: 2.0, kernel: 5, stride: 2 }),
        ),
        (
            "gated-ffn",
            Block::GatedFFN(block::GatedFFN {
                channels: 8,
                expansion: 1.5,
                activation: Activation::Silu,
                layer_scale: true,
            }),
        ),
        (
            "split-conv",
            Block::SplitConv(block::SplitConv {
                channels: 8,
                kernel: 5,
                dilation: 2,
                activation: Activation::Relu,
                layer_scale: true,
            }),
        ),
        (
            "star-net",
            Block::StarNet(block::StarNet { channels: 16, expansion: 2.0, kernel: 3, stride: 2 }),
        ),
        (
            "deep-stem",
            Block::DeepStem(block::DeepStem {
                channels: 16,
                stride: 2,
                activation: Activation::HardSwish,
            }),
        ),
    ];
    let pointwise = [
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::HardSigmoid,
        Activation::HardSwish,
        Activation::Relu6,
    ];
    blocks.extend(pointwise.map(|activation| ("pointwise", fixed(8, 1, 1, activation))));
    blocks
}

/// A small network for each block kind, with 1 and with 3 channels, and what pruning and
/// decomposition make.
pub(crate) fn networks() -> Vec<(String, Graph)> {
    let mut all: Vec<(String, Graph)> = Vec::new();
    for (index, (name, block)) in blocks().into_iter().enumerate() {
        let channels = if index % 2 == 0 { 1 } else { 3 };
        // Pointwise ones are on square images.
        let side = match (name, index % 2) {
            ("pointwise", _) => Extent::square(9),
            (_, 0) => Extent::new(7, 10),
            _ => Extent::new(9, 6),
        };
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(block),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(5)),
        ];
        all.push((name.into(), Architecture::new(channels, side, layers).graph().unwrap()));
    }
    let flat = [
        Layer::once(Block::conv(4, 3, 2, Activation::Relu6)),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(5)),
    ];
    all.push(("flatten".into(), Architecture::new(3, (6, 9), flat).graph().unwrap()));
    all.push(("pruned".into(), odd()));
    all
}

/// A graph of no block: odd widths, asymmetric padding, a gate by clamping, sums of one value, and
/// nonlinearities of their own.
fn odd() -> Graph {
    let conv = |inputs, outputs, kernel, groups, padding, activation| {
        let (stride, norm) = (1, false);
        Op::Convolution(Convolution {
            inputs,
            outputs,
            kernel,
            stride,
            padding,
            groups,
            norm,
            activation,
            dilation: 1,
            layer_scale: false,
        })
    };
    let nodes = vec![
        conv(3, 5, 2, 1, (1, 0), Activation::Identity),
        Op::Activation(Activation::Relu),
        Op::Activation(Activation::Relu),
        Op::Sum { body: vec![], shortcut: vec![] },
        Op::Sum {
            body: vec![
                conv(5, 17, 1, 1, (0, 0), Activation::Gelu),
                conv(17, 17, 3, 17, (1, 1), Activation::Identity),
                conv(17, 5, 1, 1, (0, 0), Activation::Identity),
            ],
            shortcut: vec![Op::Activation(Activation::Tanh)],
        },
        Op::Activation(Activation::Relu6),
        Op::SqueezeExcite {
            channels: 5,
            squeeze: 2,
            activation: Activation::Silu,
            gate: Gate::Clamp,
        },
        Op::Activation(Activation::Relu),
        Op::Concat { first: vec![], second: vec![conv(5, 3, 1, 1, (0, 0), Activation::Tanh)] },
        Op::Activation(Activation::Relu),
        conv(8, 12, 3, 4, (0, 2), Activation::Identity),
        Op::Pool { kind: Pooling::Average, kernel: 3, stride: 2, padding: 1 },
        Op::Activation(Activation::Relu),
        Op::GlobalAvgPool,
        Op::ChannelAttention { kernel: 5 },
        Op::SqueezeExcite {
            channels: 12,
            squeeze: 4,
            activation: Activation::Relu,
            gate: Gate::HardSigmoid,
        },
        Op::Linear { inputs: 12, outputs: 9, activation: Activation::HardSwish },
        Op::Linear { inputs: 9, outputs: 5, activation: Activation::Identity },
    ];

    let layers = [
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(5)),
    ];
    let mut graph = Architecture::new(3, 10, layers).graph().unwrap();
    graph.nodes = nodes;
    graph.check().unwrap();
    graph
}

struct Random {
    rng: Stream,
    tensors: Vec<Tensor>,
}

impl Random {
    fn chain(&mut self, place: &str, nodes: &[Op], channels: usize) -> usize {
        let step = |channels, (index, node): (usize, &Op)| {
            self.node(&format!("{place}.{index}"), node, channels)
        };
        nodes.iter().enumerate().fold(channels, step)
    }

    /// Adds the tensors of a node; its output channels.
    fn node(&mut self, place: &str, node: &Op, channels: usize) -> usize {
        match node {
            Op::Convolution(conv) => {
                let name = format!("{place}.Convolution");
                let shape = conv.weight_shape();
                self.add(
                    &format!("{name}.weight"),
                    &shape,
                    0.0,
                    (2.0 / (shape[1] * shape[2] * shape[3]) as f32).sqrt(),
                );
                if conv.layer_scale {
                    self.add(&format!("{name}.layer_scale"), &[conv.outputs], 0.6, 0.2);
                }
                if conv.norm {
                    self.add(&format!("{name}.norm.batch.gamma"), &[conv.outputs], 1.0, 0.3);
                    self.add(&format!("{name}.norm.batch.beta"), &[conv.outputs], 0.0, 0.3);
                    self.add(&format!("{name}.norm.batch.running_mean"), &[conv.outputs], 0.0, 0.3);
                    self.add(&format!("{name}.norm.batch.running_var"), &[conv.outputs], 1.0, 0.2);
                } else {
                    self.add(&format!("{name}.bias"), &[conv.outputs], 0.0, 0.3);
                }
                conv.outputs
            }
            Op::Linear { inputs, outputs, .. } => {
                let name = format!("{place}.Linear");
                self.add(
                    &format!("{name}.weight"),
                    &[*outputs, *inputs],
                    0.0,
                    (1.0 / *inputs as f32).sqrt(),
                );
                self.add(&format!("{name}.bias"), &[*outputs], 0.0, 0.1);
                *outputs
            }
            Op::SqueezeExcite { channels, squeeze, .. } => {
                let name = format!("{place}.SqueezeExcite");
                self.add(&format!("{name}.reduce"), &[*squeeze, *channels], 0.0, 0.5);
                self.add(&format!("{name}.reduce_bias"), &[*squeeze], 0.0, 0.3);
                self.add(&format!("{name}.expand"), &[*channels, *squeeze], 0.0, 0.5);
                self.add(&format!("{name}.expand_bias"), &[*channels], 0.5, 0.3);
                *channels
            }
            Op::ChannelAttention { kernel } => {
                self.add(&format!("{place}.ChannelAttention.weight"), &[1, 1, *kernel], 0.0, 0.5);
                channels
            }
            Op::Sum { body, shortcut } => {
                let outputs = self.chain(&format!("{place}.Sum.body"), body, channels);
                self.chain(&format!("{place}.Sum.shortcut"), shortcut, channels);
                outputs
            }
            Op::Concat { first, second } => {
                let one = self.chain(&format!("{place}.Concat.first"), first, channels);
                one + self.chain(&format!("{place}.Concat.second"), second, channels)
            }
            Op::Product { first, second } => {
                let outputs = self.chain(&format!("{place}.Product.first"), first, channels);
                self.chain(&format!("{place}.Product.second"), second, channels);
                outputs
            }
            Op::Channels { count, .. } => *count,
            Op::Pool { .. } | Op::GlobalAvgPool | Op::Activation(_) => channels,
        }
    }

    /// Numbers around `center`, within 1.7 `deviation`.
    fn add(&mut self, name: &str, shape: &[usize], center: f32, deviation: f32) {
        let count = shape.iter().product();
        let values = (0..count)
            .map(|_| center + deviation * (self.rng.random::<f32>() - 0.5) * 3.4)
            .collect();
        self.tensors.push(Tensor { name: name.to_owned(), shape: shape.to_vec(), values });
    }
}
