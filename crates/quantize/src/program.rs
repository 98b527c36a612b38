//! Networks in integer arithmetic.

use crate::scale::Scale;
use automl_arch::{MemoryPlan, MemoryStep};
use automl_deploy::{Nonlinearity, Shape};
use automl_extent::Extent;

/// A network in int8: weights symmetric per output channel, values asymmetric per tensor, biases of
/// 32 bits.
///
/// Value 0 is the image, bytes of pixels in 0..=255; value `i + 1` is the output of step `i`, and the
/// last value holds the class scores. In memory maps have their channels last,
/// `[height, width, channels]`.
///
/// # Source
/// Jacob et al. (2018), "Quantization and training of neural networks for efficient integer-
/// arithmetic-only inference", arXiv 1712.05877; the specification of TensorFlow Lite's 8-bit
/// quantization.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Program {
    /// Shape and scale of every value; the scale of the image is 1 / 255 by definition.
    pub values: Vec<Int8Value>,
    /// The steps in order.
    pub steps: Vec<Int8Step>,
    /// Mean and standard deviation of each input channel, for pixels in [0, 1].
    pub normalization: Vec<(f32, f32)>,
}

/// A value: maps of int8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Int8Value {
    /// Channels, height and width.
    pub shape: Shape,
    /// The numbers that the int8 stand for.
    pub scale: Scale,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Step {
    /// Place in the network, such as `layers.1.Sum.body.0.Convolution`; unique.
    pub name: String,
    /// Values that are read.
    pub inputs: Vec<usize>,
    /// The computation.
    pub operation: Int8Operation,
}

/// An integer computation. ReLU, ReLU6 and clamping need none: the range of the output has their
/// limits, and values saturate.
#[derive(Clone, Debug, PartialEq)]
pub enum Int8Operation {
    /// Pixels to the first maps: ⌊(pixel factor + offset) / 2^shift⌋ by channel, saturated.
    Pixels {
        /// Factors `[channels]`.
        factor: Vec<i32>,
        /// Offsets `[channels]`; they hold mean, zero point and rounding.
        offset: Vec<i32>,
        /// Binary places.
        shift: u8,
    },
    /// A matrix product at every position, or of the whole value where the output has one:
    /// weights `[outputs, inputs]`.
    Matrix(Products),
    /// A convolution: weights `[outputs, kernel, kernel, inputs / groups]`.
    Convolution {
        /// Weights, biases and multipliers.
        products: Products,
        /// The window.
        window: Window,
        /// Groups.
        groups: usize,
    },
    /// A depthwise convolution: weights `[kernel, kernel, channels]`.
    Depthwise {
        /// Weights, biases and multipliers.
        products: Products,
        /// The window.
        window: Window,
    },
    /// Maxima of windows; the border does not count.
    MaxPool(Window),
    /// Means of windows, zeros of the border included.
    Average {
        /// The window.
        window: Window,
        /// Factor of 31 bits, with the size of the window in it.
        multiplier: i32,
        /// Binary places.
        shift: u8,
    },
    /// A nonlinearity: `table[q + 128]` for every value q.
    Table {
        /// The function of real numbers.
        nonlinearity: Nonlinearity,
        /// Its 256 values.
        table: Vec<i8>,
    },
    /// A convolution along the channels of a value of side 1.
    AlongChannels {
        /// Weights `[kernel]`.
        weights: Vec<i8>,
        /// Numbers of one step of the weights.
        weight_step: f32,
        /// Factor of 31 bits.
        multiplier: i32,
        /// Binary places.
        shift: u8,
    },
    /// The sum of two values, with a factor of 21 bits each.
    Add {
        /// Factors of the first and the second value.
        factors: [i32; 2],
        /// Binary places of both.
        shift: u8,
    },
    /// The first value times the second, which has its shape or one number a channel; a factor of 14
    /// bits.
    Scale {
        /// Factor of the product.
        factor: i32,
        /// Binary places.
        shift: u8,
    },
    /// The channels of two values, with a factor of 21 bits each.
    Concat {
        /// Factor and binary places of the first and the second value.
        parts: [(i32, u8); 2],
    },
    /// As many channels of a value as the output has, from this one on.
    Channels {
        /// The first of them.
        first: usize,
    },
}

/// Weights with biases, and the factors from sums to outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Products {
    /// Weights; the operation has their shape.
    pub weights: Vec<i8>,
    /// Numbers of one step of the weights, `[outputs]`.
    pub weight_step: Vec<f32>,
    /// Biases less the zero point of the input times the sum of the weights, `[outputs]`.
    pub bias: Vec<i32>,
    /// Factors of 31 bits, `[outputs]`.
    pub multiplier: Vec<i32>,
    /// Binary places, `[outputs]`.
    pub shift: Vec<u8>,
}

/// A window that slides over maps; square unless it covers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the window.
    pub kernel: Extent,
    /// Distance of neighboring taps; 1 but for depthwise convolutions.
    pub dilation: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Border before the first row and column.
    pub before: usize,
    /// Border behind the last row and column.
    pub after: usize,
}

impl Window {
    /// A window of neighboring pixels.
    pub(crate) fn plain(kernel: Extent, stride: usize, (before, after): (usize, usize)) -> Self {
        Self { kernel, dilation: 1, stride, before, after }
    }
}

impl Products {
    /// Bytes of all but the steps of the weights, which the kernels do not need.
    fn bytes(&self) -> usize {
        self.weights.len() + 9 * self.bias.len()
    }
}

impl Int8Operation {
    /// Bytes of the constants that a generated program declares for the operation.
    pub fn constant_bytes(&self) -> usize {
        match self {
            Self::Pixels { factor, .. } => 8 * factor.len(),
            Self::Matrix(products)
            | Self::Convolution { products, .. }
            | Self::Depthwise { products, .. } => products.bytes(),
            Self::Table { table, .. } => table.len(),
            Self::AlongChannels { weights, .. } => weights.len(),
            Self::MaxPool(_)
            | Self::Average { .. }
            | Self::Add { .. }
            | Self::Scale { .. }
            | Self::Concat { .. }
            | Self::Channels { .. } => 0,
        }
    }

    /// How many of the inputs the output may replace.
    fn replaceable(&self) -> usize {
        match self {
            Self::Pixels { .. } | Self::Table { .. } | Self::Scale { .. } => 1,
            Self::Add { .. } => 2,
            _ => 0,
        }
    }
}

impl Int8Program {
    /// Number of class scores.
    pub fn classes(&self) -> usize {
        self.values.last().map_or(0, |value| value.shape.numbers())
    }

    /// Bytes of the image.
    pub fn input_bytes(&self) -> usize {
        self.values.first().map_or(0, |value| value.shape.numbers())
    }

    /// Bytes of all constants that a generated program declares: `Cost::flash_bytes` of the graph,
    /// less what was dropped with dead branches.
    pub fn constant_bytes(&self) -> usize {
        self.steps.iter().map(|step| step.operation.constant_bytes()).sum()
    }

    /// The places of all values in one arena, by the planner that counts `Cost::ram_bytes`.
    pub fn memory(&self) -> MemoryPlan {
        MemoryPlan::new(self.input_bytes() as u64, &self.memory_steps())
    }

    /// The steps as the planner sees them.
    pub(crate) fn memory_steps(&self) -> Vec<MemoryStep> {
        let of = |(index, step): (usize, &Int8Step)| {
            let same = step.inputs.len() == 2 && step.inputs[0] == step.inputs[1];
            let free = if same { 0 } else { step.operation.replaceable() };
            MemoryStep {
                inputs: step.inputs.clone(),
                bytes: self.values[index + 1].shape.numbers() as u64,
                constants: step.operation.constant_bytes() as u64,
                replaceable: step.inputs.iter().copied().take(free).collect(),
            }
        };
        self.steps.iter().enumerate().map(of).collect()
    }
}
