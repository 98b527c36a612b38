//! Branches that are zero everywhere.

use super::zeros::zeros;
use crate::nonlinearity::Nonlinearity;
use crate::operation::Operation;
use crate::program::{Program, Step, ValueId};

/// Replaces sums with a branch of zeros by the other branch, and leaves out steps that are not read.
pub(super) fn drop_zero_branches(program: Program) -> Program {
    let zeros = zeros(&program);
    let is_zero = |value: ValueId| zeros[value].iter().all(|zero| *zero);
    let Program { values, steps, output, classes } = program;
    // The value that stands for each value.
    let mut stands: Vec<ValueId> = (0..values.len()).collect();
    let mut kept: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        let inputs: Vec<ValueId> = step.inputs.iter().map(|&value| stands[value]).collect();
        let Operation::Add(activation) = step.operation else {
            kept.push(Step { inputs, ..step });
            continue;
        };
        let other = match inputs[..] {
            [a, b] if is_zero(b) => Some(a),
            [a, b] if is_zero(a) => Some(b),
            _ => None,
        };
        match other {
            None => kept.push(Step { inputs, ..step }),
            Some(other) if activation == Nonlinearity::Identity => stands[step.output] = other,
            Some(other) => {
                let operation = Operation::Activation(activation);
                kept.push(Step { inputs: vec![other], operation, ..step });
            }
        }
    }
    let output = stands[output];
    drop_unread(Program { values, steps: kept, output, classes })
}

/// Leaves out steps of which nothing reaches the output, and numbers the values anew.
fn drop_unread(program: Program) -> Program {
    let mut read = vec![false; program.values.len()];
    read[program.output] = true;
    read[Program::INPUT] = true;
    for step in program.steps.iter().rev() {
        if read[step.output] {
            step.inputs.iter().for_each(|&value| read[value] = true);
        }
    }
    let mut numbers = vec![0; read.len()];
    let mut values = Vec::new();
    for (value, shape) in program.values.iter().enumerate().filter(|(value, _)| read[*value]) {
        numbers[value] = values.len();
        values.push(*shape);
    }
    let steps = program.steps.into_iter().filter(|step| read[step.output]).map(|step| Step {
        inputs: step.inputs.iter().map(|&value| numbers[value]).collect(),
        output: numbers[step.output],
        ..step
    });
    Program {
        steps: steps.collect(),
        values,
        output: numbers[program.output],
        classes: program.classes,
    }
}
