//! The form of a program that is quantized: every nonlinearity is either a range or a step.

use automl_arch::Pooling;
use automl_deploy::{Nonlinearity, Operation, Program, Shape, Step, ValueId};

/// The program with nonlinearities that need a table in steps of their own, and with limits of a
/// range (ReLU, ReLU6, clamping) in the step that computes the value, wherever no other step reads
/// it. Value `i + 1` is the output of step `i`. The outputs stay the same numbers.
pub(crate) fn split(program: &Program) -> Split {
    let mut readers = vec![0_usize; program.values.len()];
    program.steps.iter().flat_map(|step| &step.inputs).for_each(|&value| readers[value] += 1);
    readers[program.output] += 1;
    let mut split = Split {
        program: Program {
            values: vec![program.input_shape()],
            steps: Vec::new(),
            ..program.clone()
        },
        ranges: Vec::new(),
    };
    // The new value of each old one.
    let mut value_of: Vec<ValueId> = vec![0; program.values.len()];
    for step in &program.steps {
        let inputs: Vec<ValueId> = step.inputs.iter().map(|&value| value_of[value]).collect();
        let (shape, alone) = (program.values[step.output], readers[step.inputs[0]] == 1);
        value_of[step.output] = split.step(step, shape, inputs, alone);
    }
    split.program.output = value_of[program.output];
    split
}

/// A program in which every step computes its value without a nonlinearity, or is one.
pub(crate) struct Split {
    /// The steps; limits of a range are identities here.
    pub(crate) program: Program,
    /// For each step, the limits of its output's range.
    pub(crate) ranges: Vec<Nonlinearity>,
}

impl Split {
    /// Appends a step, or merges it into the one that computes its input; the new value.
    fn step(&mut self, step: &Step, shape: Shape, inputs: Vec<ValueId>, alone: bool) -> ValueId {
        let mut operation = step.operation.clone();
        let mut after = operation.activation_mut().map_or(Nonlinearity::Identity, std::mem::take);
        if let Operation::Activation(_) = operation {
            let before = inputs[0].checked_sub(1).filter(|&index| {
                alone
                    && is_range(after)
                    && self.limits(index)
                    && self.ranges[index] == Nonlinearity::Identity
            });
            if let Some(index) = before {
                self.ranges[index] = after;
                return inputs[0];
            }
            let activation = Operation::Activation(after);
            return self.push(&step.name, shape, inputs, activation, Nonlinearity::Identity);
        }
        let range =
            if is_range(after) { std::mem::take(&mut after) } else { Nonlinearity::Identity };
        let value = self.push(&step.name, shape, inputs, operation, range);
        if after == Nonlinearity::Identity {
            return value;
        }
        let (name, activation) =
            (format!("{}.activation", step.name), Operation::Activation(after));
        self.push(&name, shape, vec![value], activation, Nonlinearity::Identity)
    }

    /// Whether the outputs of a step have a scale of their own, and so can have limits.
    fn limits(&self, index: usize) -> bool {
        let operation = &self.program.steps[index].operation;
        !matches!(
            operation,
            Operation::Activation(_)
                | Operation::Pool { kind: Pooling::Max, .. }
                | Operation::Channels { .. }
        )
    }

    fn push(
        &mut self,
        name: &str,
        shape: Shape,
        inputs: Vec<ValueId>,
        operation: Operation,
        range: Nonlinearity,
    ) -> ValueId {
        let output = self.program.values.len();
        self.program.values.push(shape);
        self.program.steps.push(Step { name: name.to_owned(), inputs, output, operation });
        self.ranges.push(range);
        output
    }
}

/// Whether a nonlinearity only limits values, as saturation does.
fn is_range(nonlinearity: Nonlinearity) -> bool {
    matches!(nonlinearity, Nonlinearity::Relu | Nonlinearity::Relu6 | Nonlinearity::Clamp)
}
