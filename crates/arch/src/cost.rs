//! Cost of a network, counted from its graph.

use crate::fold::folded_convolution;
use crate::graph::Graph;
use crate::memory::{self, MemoryPlan};
use crate::op::{Op, output_side};
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// Parameters, multiply-accumulates and memory of one network.
///
/// A convolution of c to d channels with k x k kernels and g groups on output maps of n x m pixels has
/// c d k² / g weights and as many multiply-accumulates times n m. Normalization adds 2 d parameters, a
/// layer scale none beside it, a bias d. Memory on a device is that of the int8 program generated from the
/// network.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
///
/// let cost = Architecture::new(3, 32, [
///     Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(10)),
/// ])
/// .cost()?;
/// assert_eq!(cost.parameters, 3 * 16 * 9 + 2 * 16 + 16 * 10 + 10);
/// assert_eq!(cost.macs, 3 * 16 * 9 * 32 * 32 + 16 * 10);
/// assert_eq!(cost.peak_activation_bytes, 4 * (3 + 16) * 32 * 32);
/// assert_eq!(cost.flash_bytes, 3 * 8 + (3 * 16 * 9 + 9 * 16) + (16 * 10 + 9 * 10));
/// assert_eq!(cost.ram_bytes, (3 + 16) * 32 * 32);
/// # Ok::<(), automl_arch::ArchitectureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cost {
    /// Weights, biases, and the scale and shift of every batch normalization.
    pub parameters: u64,
    /// Multiply-accumulates of convolutions and linear layers for one image.
    pub macs: u64,
    /// Largest number of bytes of 32-bit activations in memory at one time while one image is
    /// classified: input and output of the running node, and maps that a later branch needs.
    /// Normalization, activation and channel weighting work in place.
    pub peak_activation_bytes: u64,
    /// Bytes of the constants of the int8 program that is generated for a device; 0 in records of
    /// earlier versions. Each weight is a byte, each output channel of a convolution or linear layer
    /// 9 more (bias and multiplier of 32 bits, shift of 8), each activation other than ReLU and
    /// ReLU6 a table of 256, each input channel 8. Instructions are not counted.
    #[serde(default)]
    pub flash_bytes: u64,
    /// Bytes of the arena of that program: input, output and all maps between them in the
    /// [plan](MemoryPlan) of its memory; 0 in records of earlier versions. The input's conversion,
    /// activations, channel weighting and sums work in place where their input is not needed any
    /// more. The stack is not counted.
    #[serde(default)]
    pub ram_bytes: u64,
}

impl Graph {
    /// Parameters, multiply-accumulates and memory.
    pub fn cost(&self) -> Cost {
        Cost::of(self)
    }
}

impl Cost {
    /// The geometric mean of parameters and multiply-accumulates.
    pub fn size(&self) -> f64 {
        (self.parameters as f64 * self.macs as f64).sqrt()
    }

    /// Counts the cost of a network; of a sum that is [folded](Graph::folded), as it is deployed.
    pub fn of(network: &Graph) -> Self {
        let shape = Shape { channels: network.input_channels as u64, side: network.input_side };
        let total = walk(&network.nodes, shape, false);
        let (input, steps) = memory::footprint(network);
        Self {
            parameters: total.parameters,
            macs: total.macs,
            peak_activation_bytes: 4 * total.peak.max(shape.numbers()),
            flash_bytes: steps.iter().map(|step| step.constants).sum(),
            ram_bytes: MemoryPlan::new(input, &steps).arena_bytes(),
        }
    }
}

/// Shorter side of the last maps: before the global pooling, or before the first linear layer.
pub(crate) fn last_side(network: &Graph) -> usize {
    let mut shape = Shape { channels: network.input_channels as u64, side: network.input_side };
    for node in &network.nodes {
        if matches!(node, Op::GlobalAvgPool | Op::Linear { .. }) {
            break;
        }
        shape = single(node, shape, false).output;
    }
    shape.side.shorter()
}

#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) channels: u64,
    pub(crate) side: Extent,
}

impl Shape {
    fn numbers(self) -> u64 {
        self.channels * self.side.pixels() as u64
    }
}

pub(crate) struct Total {
    pub(crate) parameters: u64,
    pub(crate) macs: u64,
    /// Largest number of activations in memory at one time.
    peak: u64,
    pub(crate) output: Shape,
}

/// Costs of a chain; with `keep`, its input stays alive until the end.
fn walk(nodes: &[Op], input: Shape, keep: bool) -> Total {
    let mut total = Total { parameters: 0, macs: 0, peak: 0, output: input };
    for (index, node) in nodes.iter().enumerate() {
        let first = index == 0;
        let step = single(node, total.output, keep && first);
        let held = if keep && !first { input.numbers() } else { 0 };
        total.parameters += step.parameters;
        total.macs += step.macs;
        total.peak = total.peak.max(step.peak + held);
        total.output = step.output;
    }
    total
}

pub(crate) fn single(node: &Op, input: Shape, keep: bool) -> Total {
    let simple = |parameters: u64, macs: u64, output: Shape| Total {
        parameters,
        macs,
        peak: input.numbers() + output.numbers(),
        output,
    };
    // Work in place needs a copy only where the input is still wanted.
    let in_place = |parameters: u64, macs: u64, extra: u64| Total {
        parameters,
        macs,
        peak: input.numbers() * if keep { 2 } else { 1 } + extra,
        output: input,
    };
    match node {
        Op::Convolution(conv) => {
            let output =
                Shape { channels: conv.outputs as u64, side: conv.output_side(input.side) };
            let weights: u64 = conv.weight_shape().map(|n| n as u64).iter().product();
            let vectors = conv.outputs as u64 * if conv.norm { 2 } else { 1 };
            let positions = output.side.pixels() as u64;
            simple(weights + vectors, weights * positions, output)
        }
        Op::Linear { inputs, outputs, .. } => {
            let weights = (inputs * outputs) as u64;
            let output = Shape { channels: *outputs as u64, side: 1.into() };
            simple(weights + *outputs as u64, weights, output)
        }
        Op::Pool { kernel, stride, padding, .. } => {
            let side = output_side(input.side, *kernel, *stride, 2 * padding);
            simple(0, 0, Shape { side, ..input })
        }
        Op::GlobalAvgPool => simple(0, 0, Shape { side: 1.into(), ..input }),
        Op::Activation(_) => in_place(0, 0, 0),
        Op::SqueezeExcite { channels, squeeze, .. } => {
            let weights = 2 * (channels * squeeze) as u64;
            let biases = (channels + squeeze) as u64;
            in_place(weights + biases, weights, biases)
        }
        Op::ChannelAttention { kernel } => {
            in_place(*kernel as u64, *kernel as u64 * input.channels, 2 * input.channels)
        }
        Op::Channels { count, .. } => simple(0, 0, Shape { channels: *count as u64, ..input }),
        Op::Sum { body, shortcut } if let Some(one) = folded_convolution(body, shortcut) => {
            single(&Op::Convolution(one), input, keep)
        }
        Op::Sum { body, shortcut } | Op::Product { first: body, second: shortcut } => {
            let main = walk(body, input, true);
            let side = walk(shortcut, input, keep);
            let out = main.output.numbers();
            let join = out + input.numbers().max(side.output.numbers());
            Total {
                parameters: main.parameters + side.parameters,
                macs: main.macs + side.macs,
                peak: main.peak.max(side.peak + out).max(join),
                output: main.output,
            }
        }
        Op::Concat { first, second } => {
            let a = walk(first, input, true);
            let b = walk(second, input, keep);
            let output =
                Shape { channels: a.output.channels + b.output.channels, side: a.output.side };
            // A branch without nodes is the input itself, which is alive anyway.
            let own = if first.is_empty() { 0 } else { a.output.numbers() };
            let parts = a.output.numbers() + b.output.numbers();
            Total {
                parameters: a.parameters + b.parameters,
                macs: a.macs + b.macs,
                peak: a.peak.max(b.peak + own).max(parts + output.numbers()),
                output,
            }
        }
    }
}
