//! Networks as lists of steps.

use crate::operation::Operation;
use automl_extent::Extent;

/// Index of a value in [`Program::values`].
pub type ValueId = usize;

/// A trained network as steps in their order of execution: static single assignment, so every value
/// but the input is the output of exactly one step, and steps read earlier values only.
///
/// Values are maps in 32-bit floats. Normalization is folded into the convolutions, empty operations
/// are left out, and activations are part of the step before wherever that step can have one.
/// Squeeze-and-excitation is [`GlobalAveragePool`](Operation::GlobalAveragePool), two pointwise
/// convolutions and [`Scale`](Operation::Scale), which a product of two branches is, too.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The shape of every value. Value 0 is the input, normalized as in training.
    pub values: Vec<Shape>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The value of the class scores; flattened it has one number per class.
    pub output: ValueId,
    /// Number of class scores.
    pub classes: usize,
}

/// Shape of a value: maps `[channels, height, width]`; vectors have one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of maps.
    pub channels: usize,
    /// Height and width.
    pub side: Extent,
}

impl Shape {
    /// Number of positions of one map.
    pub fn positions(self) -> usize {
        self.side.pixels()
    }

    /// Number of numbers.
    pub fn numbers(self) -> usize {
        self.channels * self.positions()
    }
}

/// One step: a value computed from one or two earlier values.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Place in the network, such as `layers.1.Sum.body.0.Convolution`; unique.
    pub name: String,
    /// The values that are read: two for [`Scale`](Operation::Scale), [`Add`](Operation::Add) and
    /// [`Concat`](Operation::Concat), else one.
    pub inputs: Vec<ValueId>,
    /// The value that is computed.
    pub output: ValueId,
    /// The computation.
    pub operation: Operation,
}

impl Program {
    /// The value of the input images.
    pub const INPUT: ValueId = 0;

    /// Shape of the input.
    pub fn input_shape(&self) -> Shape {
        self.values[Self::INPUT]
    }

    /// For each value, the index of the last step that reads it; the number of steps for the
    /// output, `None` for a value that is not read.
    pub fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.values.len()];
        for (index, step) in self.steps.iter().enumerate() {
            step.inputs.iter().for_each(|&value| last[value] = Some(index));
        }
        last[self.output] = Some(self.steps.len());
        last
    }

    /// Number of weights and biases of all steps.
    pub fn parameters(&self) -> usize {
        let of = |step: &Step| match &step.operation {
            Operation::Convolution(c) => c.weight.len() + c.bias.len(),
            Operation::Linear(linear) => linear.weight.len() + linear.bias.len(),
            Operation::ChannelConvolution(c) => c.weight.len(),
            _ => 0,
        };
        self.steps.iter().map(of).sum()
    }
}
