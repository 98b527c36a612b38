//! Networks of every block kind, their weights, and a program run by plain loops.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part")]

use automl_arch::{Architecture, Graph, Op, Pooling};
use automl_deploy::{Convolution, Operation, Program, Tensor, Weights};
use automl_extent::Extent;

/// Rows of a backbone before the head, by name.
pub(crate) const BACKBONES: &[(&str, &[&str])] = &[
    ("conv", &["[2, Conv, [16, 3, 2, null, 1, ReLU]]", "[1, Conv, [24, 5, 1, 2, 1, SiLU]]"]),
    ("grouped", &["[1, Conv, [16, 3, 1, null, 1, ReLU6]]", "[1, Conv, [24, 3, 2, null, 4, GELU]]"]),
    ("fixed_conv", &["[1, FixedConv, [10, 3, 1, null, 1, LeakyReLU]]"]),
    ("even_kernel", &["[1, FixedConv, [6, 4, 2, null, 1, Tanh]]"]),
    (
        "dw_conv",
        &["[1, DWConv, [8, 3, 1, null, Hardswish]]", "[2, DWConv, [24, 5, 2, null, Sigmoid]]"],
    ),
    ("bottleneck", &["[1, Conv, [16, 3, 1]]", "[2, Bottleneck, [16, true, 1, 0.5, ReLU]]"]),
    (
        "eca_bottleneck",
        &["[1, Conv, [16, 3, 1]]", "[2, ECABottleneck, [16, true, 1, 0.5, Hardsigmoid]]"],
    ),
    (
        "inverted_v2",
        &["[2, InvertedResidualv2, [8, 3.0, 1]]", "[1, InvertedResidualv2, [16, 2, 2]]"],
    ),
    (
        "inverted_v3",
        &[
            "[2, InvertedResidualv3, [5, 2.5, 16, true, true, 2]]",
            "[2, InvertedResidualv3, [3, 4.0, 16, false, false, 1]]",
        ],
    ),
    ("mb_conv", &["[2, MBConv, [4, 16, 2, 3]]", "[1, MBConv, [1, 24, 1, 5, false]]"]),
    ("fire", &["[2, Fire, [4, 6, 10]]"]),
    (
        "ghost",
        &[
            "[2, GhostBottleneck, [3, 2.0, 16, true, 1]]",
            "[1, GhostBottleneck, [5, 3.0, 24, false, 2]]",
        ],
    ),
    ("max_pool", &["[1, Conv, [8, 3, 1]]", "[1, MaxPool, [3, 2, 1]]", "[1, MaxPool, [2, 2]]"]),
    ("avg_pool", &["[1, Conv, [8, 3, 1]]", "[1, AvgPool, [3, 2, 1]]", "[1, AvgPool, [2, 1]]"]),
    ("pass", &["[1, Conv, [12, 1, 1]]", "[1, Pass, []]"]),
    (
        "mobile_one",
        &[
            "[1, Conv, [8, 3, 1]]",
            "[2, MobileOne, [16, 3, 1, ReLU]]",
            "[1, MobileOne, [8, 5, 2, Hardswish]]",
        ],
    ),
    ("uib", &["[2, UIB, [16, 2.0, 3, 5, 2]]", "[1, UIB, [16, 3.0, 5, 1, 1]]"]),
    (
        "faster_net",
        &["[1, Conv, [16, 3, 1]]", "[2, FasterNet, [16, 2.0, 3, ReLU]]", "[1, FasterNet, [8]]"],
    ),
    ("mix_conv", &["[2, MixConv, [16, 2.0, 5, 1]]", "[1, MixConv, [8, 3.0, 7, 2]]"]),
    ("gated_ffn", &["[2, GatedFFN, [16]]", "[1, GatedFFN, [8, 1.5, GELU, false]]"]),
    ("split_conv", &["[2, SplitConv, [16, 5, 2]]", "[1, SplitConv, [10, 7, 3, SiLU, false]]"]),
    ("star_net", &["[2, StarNet, [16, 2.0, 3, 2]]", "[1, StarNet, [8, 3.0]]"]),
    ("deep_stem", &["[1, DeepStem, [24, 2]]", "[1, DeepStem, [8, 1, Hardswish]]"]),
];

/// The graph of a backbone for images of some channels, height and width, with a classifier of five classes:
/// behind a global pool, or on flattened maps.
pub(crate) fn graph(
    rows: &[&str],
    channels: usize,
    side: impl Into<Extent>,
    pooled: bool,
) -> Graph {
    let Extent { height, width } = side.into();
    let mut text = format!(
        "input_channel: {channels}\ninput_size: [{height}, {width}]\ndepth_multiple: 1.0\n\
         width_multiple: 1.0\nbackbone:\n"
    );
    let pool: &[&str] = if pooled { &["[1, GlobalAvgPool, []]"] } else { &[] };
    let head = ["[1, Flatten, []]", "[1, Linear, [7, ReLU]]", "[1, Linear, [5, null]]"];
    for row in rows.iter().chain(pool).chain(&head) {
        text += &format!("  - {row}\n");
    }
    Architecture::from_yaml(&text).unwrap().graph().unwrap()
}

/// All networks: every backbone with 1 and 3 channels, pooled and flattened, square and not.
pub(crate) fn graphs() -> Vec<(String, Graph)> {
    let cases = [
        (1, Extent::square(9), true),
        (3, Extent::square(12), true),
        (1, Extent::square(8), false),
        (3, Extent::square(9), false),
        (3, Extent::new(8, 13), true),
        (1, Extent::new(11, 6), false),
        (3, Extent::new(7, 10), false),
    ];
    let named = |(name, rows): &(&str, &[&str]), (channels, side, pooled)| {
        let head = if pooled { "pooled" } else { "flat" };
        (format!("{name} {channels}x{side} {head}"), graph(rows, channels, side, pooled))
    };
    BACKBONES.iter().flat_map(|b| cases.map(|case| named(b, case))).collect()
}

/// Numbers in [-1, 1) from a seed (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn take(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Random weights of a graph, of a size that keeps activations near 1.
pub(crate) fn weights(graph: &Graph, seed: u64) -> Weights {
    let mut tensors = Vec::new();
    fill("layers", &graph.nodes, &mut Numbers(seed), &mut tensors);
    Weights::new(tensors)
}

fn fill(place: &str, nodes: &[Op], numbers: &mut Numbers, out: &mut Vec<Tensor>) {
    for (index, node) in nodes.iter().enumerate() {
        let place = format!("{place}.{index}");
        let mut add = |name: &str, shape: &[usize], scale: f32, shift: f32| {
            let count = shape.iter().product();
            let values = numbers.take(count).into_iter().map(|x| x * scale + shift).collect();
            out.push(Tensor { name: format!("{place}.{name}"), shape: shape.to_vec(), values });
        };
        match node {
            Op::Convolution(c) => {
                let shape = c.weight_shape();
                let reads = shape[1..].iter().product::<usize>() as f32;
                add("Convolution.weight", &shape, 2.0 / reads.sqrt(), 0.0);
                if c.layer_scale {
                    add("Convolution.layer_scale", &[c.outputs], 0.3, 0.6);
                }
                if c.norm {
                    add("Convolution.norm.batch.gamma", &[c.outputs], 0.5, 1.0);
                    add("Convolution.norm.batch.beta", &[c.outputs], 0.5, 0.1);
                    add("Convolution.norm.batch.running_mean", &[c.outputs], 0.3, 0.0);
                    add("Convolution.norm.batch.running_var", &[c.outputs], 0.5, 1.0);
                } else {
                    add("Convolution.bias", &[c.outputs], 0.5, 0.0);
                }
            }
            Op::Linear { inputs, outputs, .. } => {
                add("Linear.weight", &[*outputs, *inputs], 2.0 / (*inputs as f32).sqrt(), 0.0);
                add("Linear.bias", &[*outputs], 0.5, 0.0);
            }
            Op::SqueezeExcite { channels, squeeze, .. } => {
                let scale = |inputs: &usize| 2.0 / (*inputs as f32).sqrt();
                add("SqueezeExcite.reduce", &[*squeeze, *channels], scale(channels), 0.0);
                add("SqueezeExcite.reduce_bias", &[*squeeze], 0.5, 0.0);
                add("SqueezeExcite.expand", &[*channels, *squeeze], scale(squeeze), 0.0);
                add("SqueezeExcite.expand_bias", &[*channels], 0.5, 0.3);
            }
            Op::ChannelAttention { kernel } => {
                add("ChannelAttention.weight", &[1, 1, *kernel], 1.0, 0.0);
            }
            Op::Sum { body, shortcut } => {
                fill(&format!("{place}.Sum.body"), body, numbers, out);
                fill(&format!("{place}.Sum.shortcut"), shortcut, numbers, out);
            }
            Op::Concat { first, second } => {
                fill(&format!("{place}.Concat.first"), first, numbers, out);
                fill(&format!("{place}.Concat.second"), second, numbers, out);
            }
            Op::Product { first, second } => {
                let start = out.len();
                fill(&format!("{place}.Product.first"), first, numbers, out);
                fill(&format!("{place}.Product.second"), second, numbers, out);
                // Of numbers near 2, products would not be.
                let weights = out[start..].iter_mut().filter(|t| t.name.ends_with(".weight"));
                weights.flat_map(|t| &mut t.values).for_each(|weight| *weight *= 0.5);
            }
            Op::Pool { .. } | Op::GlobalAvgPool | Op::Activation(_) | Op::Channels { .. } => {}
        }
    }
}

/// Scores of one image `[channels, height, width]`, by loops as the definitions have them.
pub(crate) fn run(program: &Program, image: &[f32]) -> Vec<f32> {
    let mut values: Vec<Vec<f32>> = vec![Vec::new(); program.values.len()];
    values[Program::INPUT] = image.to_vec();
    for step in &program.steps {
        let (x, shape) = (&values[step.inputs[0]], program.values[step.inputs[0]]);
        let positions = shape.positions();
        let out: Vec<f32> = match &step.operation {
            Operation::Convolution(c) => convolve(c, x, shape.side),
            Operation::Linear(l) => {
                let rows = l.weight.chunks(l.inputs).zip(&l.bias);
                let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
                rows.map(|(row, bias)| l.activation.apply(dot(row) + bias)).collect()
            }
            Operation::Pool { kind, kernel, stride, padding } => {
                let side = program.values[step.output].side;
                pool(*kind, [*kernel, *stride, *padding], x, shape.side, side)
            }
            Operation::GlobalAveragePool => {
                x.chunks(positions).map(|map| map.iter().sum::<f32>() / positions as f32).collect()
            }
            Operation::Activation(f) => x.iter().map(|x| f.apply(*x)).collect(),
            Operation::ChannelConvolution(c) => {
                let half = c.weight.len() / 2;
                let at = |i: usize, k: usize| (i + k).checked_sub(half).and_then(|j| x.get(j));
                let sum = |i| -> f32 {
                    c.weight.iter().enumerate().filter_map(|(k, w)| Some(w * at(i, k)?)).sum()
                };
                (0..x.len()).map(|i| c.activation.apply(sum(i))).collect()
            }
            Operation::Scale if x.len() == values[step.inputs[1]].len() => {
                x.iter().zip(&values[step.inputs[1]]).map(|(a, b)| a * b).collect()
            }
            Operation::Scale => {
                let maps = x.chunks(positions).zip(&values[step.inputs[1]]);
                maps.flat_map(|(map, w)| map.iter().map(move |x| x * w)).collect()
            }
            Operation::Add(f) => {
                x.iter().zip(&values[step.inputs[1]]).map(|(a, b)| f.apply(a + b)).collect()
            }
            Operation::Channels { first } => {
                let count = program.values[step.output].channels;
                x[first * positions..(first + count) * positions].to_vec()
            }
            Operation::Concat => x.iter().chain(&values[step.inputs[1]]).copied().collect(),
        };
        assert_eq!(out.len(), program.values[step.output].numbers(), "{}", step.name);
        values[step.output] = out;
    }
    values[program.output].clone()
}

fn convolve(c: &Convolution, x: &[f32], side: Extent) -> Vec<f32> {
    let (inputs, outputs, out) = (c.inputs / c.groups, c.outputs / c.groups, c.output_side(side));
    let Extent { height, width } = side;
    let mut result = Vec::new();
    for o in 0..c.outputs {
        for (row, column) in (0..out.pixels()).map(|at| (at / out.width, at % out.width)) {
            let mut sum = f64::from(c.bias[o]);
            for (i, ky, kx) in (0..c.filter_len()).map(|w| {
                let taps = c.kernel * c.kernel;
                (w / taps, w % taps / c.kernel, w % c.kernel)
            }) {
                let y = (row * c.stride + ky * c.dilation).wrapping_sub(c.padding.0);
                let x_at = (column * c.stride + kx * c.dilation).wrapping_sub(c.padding.0);
                if y < height && x_at < width {
                    let channel = o / outputs * inputs + i;
                    let w = c.weight[(o * inputs + i) * c.kernel * c.kernel + ky * c.kernel + kx];
                    sum += f64::from(w) * f64::from(x[(channel * height + y) * width + x_at]);
                }
            }
            result.push(c.activation.apply(sum as f32));
        }
    }
    result
}

fn pool(
    kind: Pooling,
    [kernel, stride, padding]: [usize; 3],
    x: &[f32],
    side: Extent,
    out: Extent,
) -> Vec<f32> {
    let Extent { height, width } = side;
    let mut result = Vec::new();
    for map in x.chunks(side.pixels()) {
        for (row, column) in (0..out.pixels()).map(|at| (at / out.width, at % out.width)) {
            let taps = (0..kernel * kernel).map(|k| (k / kernel, k % kernel));
            let inside = taps.filter_map(|(ky, kx)| {
                let y = (row * stride + ky).wrapping_sub(padding);
                let x = (column * stride + kx).wrapping_sub(padding);
                (y < height && x < width).then(|| map[y * width + x])
            });
            result.push(match kind {
                Pooling::Max => inside.fold(f32::NEG_INFINITY, f32::max),
                Pooling::Average => inside.sum::<f32>() / (kernel * kernel) as f32,
            });
        }
    }
    result
}

/// Asserts that numbers agree to a tolerance, relative above 1.
pub(crate) fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}: {found:?} {expected:?}");
    }
}
