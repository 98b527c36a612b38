//! The int8 program of a graph as its memory sees it, known before any training.

use super::MemoryStep;
use crate::activation::Activation;
use crate::fold::folded_convolution;
use crate::graph::Graph;
use crate::op::{Convolution, Gate, Op, Pooling, output_side};
use automl_extent::Extent;

/// Bytes of a table of an activation: one for each int8.
const TABLE: u64 = 256;

/// Bytes of an output channel beside its weights: bias, multiplier (32 bits each) and shift (8).
const CHANNEL: u64 = 9;

/// Bytes of the input's conversion for each channel: factor and offset, 32 bits each.
const PIXEL: u64 = 8;

/// The bytes of the input image and the steps that classify it.
pub(crate) fn footprint(graph: &Graph) -> (u64, Vec<MemoryStep>) {
    let mut program = Program::default();
    let image = Maps {
        tensor: 0,
        channels: graph.input_channels as u64,
        side: graph.input_side,
        own: false,
    };
    let pixels = program.push(&[image], image, PIXEL * image.channels, &[image]);
    program.chain(&graph.nodes, Maps { own: false, ..pixels });
    (image.bytes(), program.steps)
}

/// A tensor between two nodes.
#[derive(Clone, Copy)]
struct Maps {
    tensor: usize,
    channels: u64,
    side: Extent,
    /// Whether the step that wrote it can limit its range, and only the next node reads it.
    own: bool,
}

impl Maps {
    fn bytes(self) -> u64 {
        self.channels * self.side.pixels() as u64
    }
}

#[derive(Default)]
struct Program {
    steps: Vec<MemoryStep>,
}

impl Program {
    /// Appends a step with an output of this shape.
    fn push(
        &mut self,
        inputs: &[Maps],
        output: Maps,
        constants: u64,
        replaceable: &[Maps],
    ) -> Maps {
        let tensors = |maps: &[Maps]| maps.iter().map(|maps| maps.tensor).collect();
        self.steps.push(MemoryStep {
            inputs: tensors(inputs),
            bytes: output.bytes(),
            constants,
            replaceable: tensors(replaceable),
        });
        Maps { tensor: self.steps.len(), own: true, ..output }
    }

    fn chain(&mut self, nodes: &[Op], input: Maps) -> Maps {
        nodes.iter().fold(input, |maps, node| self.node(node, maps))
    }

    /// A branch; its input is read by others too.
    fn branch(&mut self, nodes: &[Op], input: Maps) -> Maps {
        self.chain(nodes, Maps { own: false, ..input })
    }

    fn node(&mut self, node: &Op, x: Maps) -> Maps {
        match node {
            Op::Convolution(conv) => self.convolution(conv, x),
            Op::Linear { inputs, outputs, activation } => {
                let output = Maps { channels: *outputs as u64, side: 1.into(), ..x };
                self.product((inputs * outputs) as u64, output, x, (*activation).into())
            }
            Op::Pool { kernel, stride, padding, .. } => {
                let side = output_side(x.side, *kernel, *stride, 2 * padding);
                let pooled = self.push(&[x], Maps { side, ..x }, 0, &[]);
                let own = matches!(node, Op::Pool { kind: Pooling::Average, .. });
                Maps { own, ..pooled }
            }
            Op::GlobalAvgPool => self.mean(x),
            Op::Activation(activation) => self.nonlinearity((*activation).into(), x),
            Op::SqueezeExcite { channels, squeeze, activation, gate } => {
                let weights = (channels * squeeze) as u64;
                let mean = self.mean(x);
                let inner = Maps { channels: *squeeze as u64, ..mean };
                let inner = self.product(weights, inner, mean, (*activation).into());
                let gate = self.product(weights, mean, inner, (*gate).into());
                self.push(&[x, gate], x, 0, &[x])
            }
            Op::ChannelAttention { kernel } => {
                let mean = self.mean(x);
                let along = self.push(&[mean], mean, *kernel as u64, &[]);
                let gate = self.table(along);
                self.push(&[x, gate], x, 0, &[x])
            }
            Op::Channels { count, .. } => {
                let some = self.push(&[x], Maps { channels: *count as u64, ..x }, 0, &[]);
                Maps { own: false, ..some }
            }
            Op::Sum { body, shortcut } if let Some(one) = folded_convolution(body, shortcut) => {
                self.convolution(&one, x)
            }
            Op::Sum { body, shortcut } => {
                let (a, b) = (self.branch(body, x), self.branch(shortcut, x));
                let free: &[Maps] = if a.tensor == b.tensor { &[] } else { &[a, b] };
                self.push(&[a, b], a, 0, free)
            }
            Op::Product { first, second } => {
                let (a, b) = (self.branch(first, x), self.branch(second, x));
                let free: &[Maps] = if a.tensor == b.tensor { &[] } else { &[a] };
                self.push(&[a, b], a, 0, free)
            }
            Op::Concat { first, second } => {
                let (a, b) = (self.branch(first, x), self.branch(second, x));
                let output = Maps { channels: a.channels + b.channels, ..a };
                self.push(&[a, b], output, 0, &[])
            }
        }
    }

    fn convolution(&mut self, conv: &Convolution, x: Maps) -> Maps {
        let weights = conv.weight_shape().map(|n| n as u64).iter().product();
        let side = conv.output_side(x.side);
        let output = Maps { channels: conv.outputs as u64, side, ..x };
        self.product(weights, output, x, conv.activation.into())
    }

    /// A convolution or matrix product and its nonlinearity.
    fn product(&mut self, weights: u64, output: Maps, x: Maps, after: Nonlinearity) -> Maps {
        let output = self.push(&[x], output, weights + CHANNEL * output.channels, &[]);
        self.nonlinearity(after, output)
    }

    /// The mean over all positions; nothing on maps of one.
    fn mean(&mut self, x: Maps) -> Maps {
        if x.side == 1 { x } else { self.push(&[x], Maps { side: 1.into(), ..x }, 0, &[]) }
    }

    fn nonlinearity(&mut self, nonlinearity: Nonlinearity, x: Maps) -> Maps {
        match nonlinearity {
            Nonlinearity::Identity => x,
            // The range of the step before: no instruction and no constant.
            Nonlinearity::Range if x.own => Maps { own: false, ..x },
            _ => self.table(x),
        }
    }

    fn table(&mut self, x: Maps) -> Maps {
        let output = self.push(&[x], x, TABLE, &[x]);
        Maps { own: false, ..output }
    }
}

/// Kinds of nonlinearities by what they need.
#[derive(Clone, Copy)]
enum Nonlinearity {
    /// Nothing.
    Identity,
    /// The limits of a range.
    Range,
    /// A table.
    Table,
}

impl From<Activation> for Nonlinearity {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Identity => Self::Identity,
            Activation::Relu | Activation::Relu6 => Self::Range,
            _ => Self::Table,
        }
    }
}

impl From<Gate> for Nonlinearity {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::Clamp => Self::Range,
            Gate::HardSigmoid | Gate::Sigmoid => Self::Table,
        }
    }
}
