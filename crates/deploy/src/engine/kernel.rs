//! The computation of one step.

use super::dense::Dense;
use super::depthwise::Depthwise;
use super::elementwise;
use super::layout::pitch;
use super::pool::Pool;
use crate::nonlinearity::Nonlinearity;
use crate::operation::{ChannelConvolution, Operation};
use crate::program::{Program, Step};

/// An operation with its weights packed.
#[derive(Debug)]
pub(super) enum Kernel {
    Dense(Dense),
    Depthwise(Depthwise),
    Pool(Pool),
    Mean {
        positions: usize,
        channels: usize,
    },
    Activation(Nonlinearity),
    ChannelConvolution {
        convolution: ChannelConvolution,
        channels: usize,
    },
    /// So many factors for as many numbers in a row.
    Scale {
        numbers: usize,
    },
    Add(Nonlinearity),
    Concat {
        first: usize,
        second: usize,
    },
    Channels {
        first: usize,
        count: usize,
        of: usize,
    },
}

impl Kernel {
    pub(super) fn new(program: &Program, step: &Step) -> Self {
        let shape = program.values[step.inputs[0]];
        let channels = shape.channels;
        match &step.operation {
            Operation::Convolution(c) if c.groups == 1 && c.dilation == 1 => {
                Self::Dense(Dense::new(c, shape.side))
            }
            Operation::Convolution(c) => Self::Depthwise(Depthwise::new(c, shape.side)),
            Operation::Linear(linear) => Self::Dense(Dense::whole(linear, channels, shape.side)),
            Operation::Pool { kind, kernel, stride, padding } => {
                Self::Pool(Pool::new(*kind, [*kernel, *stride, *padding], shape))
            }
            Operation::GlobalAveragePool => {
                Self::Mean { positions: shape.positions(), channels: pitch(channels) }
            }
            Operation::Activation(activation) => Self::Activation(*activation),
            Operation::ChannelConvolution(convolution) => {
                Self::ChannelConvolution { convolution: convolution.clone(), channels }
            }
            Operation::Scale => {
                let factors = program.values[step.inputs[1]];
                Self::Scale { numbers: factors.positions() * pitch(channels) }
            }
            Operation::Add(activation) => Self::Add(*activation),
            Operation::Channels { first } => {
                let count = program.values[step.output].channels;
                Self::Channels { first: *first, count, of: channels }
            }
            Operation::Concat => {
                let second = program.values[step.inputs[1]].channels;
                Self::Concat { first: channels, second }
            }
        }
    }

    /// Numbers of scratch memory.
    pub(super) fn scratch(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.scratch(),
            Self::Depthwise(depthwise) => depthwise.scratch(),
            Self::Pool(pool) => pool.scratch(),
            _ => 0,
        }
    }

    /// Computes one image.
    pub(super) fn run(&self, [x, second]: [&[f32]; 2], scratch: &mut [f32], out: &mut [f32]) {
        match self {
            Self::Dense(dense) => dense.run(x, scratch, out),
            Self::Depthwise(depthwise) => depthwise.run(x, scratch, out),
            Self::Pool(pool) => pool.run(x, scratch, out),
            Self::Mean { positions, channels } => elementwise::mean(x, *positions, *channels, out),
            Self::Activation(activation) => elementwise::activation(*activation, x, out),
            Self::ChannelConvolution { convolution, channels } => {
                elementwise::along_channels(convolution, &x[..*channels], out);
            }
            Self::Scale { numbers } => elementwise::scale(x, &second[..*numbers], out),
            Self::Add(activation) => elementwise::add(*activation, x, second, out),
            Self::Channels { first, count, of } => {
                elementwise::channels(x, *of, (*first, *count), out);
            }
            Self::Concat { first, second: more } => {
                elementwise::concat((x, *first), (second, *more), out);
            }
        }
    }
}
