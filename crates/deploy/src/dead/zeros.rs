//! Channels that are zero for every image.

use crate::operation::{Convolution, Linear, Operation};
use crate::program::{Program, Step};

/// For each value and channel, whether it is zero for every image.
pub(super) fn zeros(program: &Program) -> Vec<Vec<bool>> {
    let mut zeros: Vec<Vec<bool>> =
        program.values.iter().map(|shape| vec![false; shape.channels]).collect();
    for step in &program.steps {
        zeros[step.output] = of(program, step, &zeros);
    }
    zeros
}

fn of(program: &Program, step: &Step, zeros: &[Vec<bool>]) -> Vec<bool> {
    let input = &zeros[step.inputs[0]];
    let second = step.inputs.get(1).map(|&value| &zeros[value]);
    let both = |join: fn(bool, bool) -> bool| -> Vec<bool> {
        input.iter().zip(second.into_iter().flatten()).map(|(&a, &b)| join(a, b)).collect()
    };
    match &step.operation {
        Operation::Convolution(convolution) => convolved(convolution, input),
        Operation::Linear(linear) => {
            multiplied(linear, input, program.values[step.inputs[0]].positions())
        }
        Operation::Pool { .. } | Operation::GlobalAveragePool => input.clone(),
        Operation::Activation(activation) => {
            let keeps = activation.apply(0.0) == 0.0;
            input.iter().map(|zero| *zero && keeps).collect()
        }
        Operation::ChannelConvolution(convolution) => {
            let zero = convolution.activation.apply(0.0) == 0.0 && input.iter().all(|zero| *zero);
            vec![zero; input.len()]
        }
        Operation::Scale => both(|a, b| a || b),
        Operation::Add(activation) => {
            let keeps = activation.apply(0.0) == 0.0;
            both(|a, b| a && b).into_iter().map(|zero| zero && keeps).collect()
        }
        Operation::Channels { first } => {
            let count = program.values[step.output].channels;
            input[*first..*first + count].to_vec()
        }
        Operation::Concat => input.iter().chain(second.into_iter().flatten()).copied().collect(),
    }
}

fn convolved(convolution: &Convolution, input: &[bool]) -> Vec<bool> {
    let Convolution { inputs, outputs, groups, kernel, activation, .. } = *convolution;
    let (inputs, taps) = (inputs / groups, kernel * kernel);
    let filters = convolution.weight.chunks(inputs * taps).zip(&convolution.bias).enumerate();
    let zero = |(o, (filter, bias)): (usize, (&[f32], &f32))| {
        let read = &input[o / (outputs / groups) * inputs..][..inputs];
        let silent = filter.chunks(taps).zip(read).all(|(w, zero)| *zero || all_zero(w));
        silent && activation.apply(*bias) == 0.0
    };
    filters.map(zero).collect()
}

fn multiplied(linear: &Linear, input: &[bool], positions: usize) -> Vec<bool> {
    let rows = linear.weight.chunks(linear.inputs).zip(&linear.bias);
    rows.map(|(row, bias)| {
        let silent = row.chunks(positions).zip(input).all(|(w, zero)| *zero || all_zero(w));
        silent && linear.activation.apply(*bias) == 0.0
    })
    .collect()
}

pub(super) fn all_zero(weights: &[f32]) -> bool {
    weights.iter().all(|w| *w == 0.0)
}
