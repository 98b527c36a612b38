//! Channels that are zero everywhere or are not read.

use super::zeros::{all_zero, zeros};
use crate::operation::{Convolution, Linear, Operation};
use crate::program::{Program, Shape, Step, ValueId};

/// Leaves out dead channels.
pub(super) fn shrink(program: Program) -> Program {
    let keep = kept(&program);
    let shapes = program.values.clone();
    let values = shapes.iter().zip(&keep).map(|(shape, keep)| Shape {
        channels: keep.iter().filter(|keep| **keep).count(),
        ..*shape
    });
    let steps = program.steps.into_iter().map(|step| shrink_step(step, &keep, &shapes));
    Program { values: values.collect(), steps: steps.collect(), ..program }
}

/// For each value, the channels that stay.
fn kept(program: &Program) -> Vec<Vec<bool>> {
    let (zeros, mut keep) = (zeros(program), needed(program));
    for (keep, zeros) in keep.iter_mut().zip(&zeros) {
        keep.iter_mut().zip(zeros).for_each(|(keep, zero)| *keep &= !zero);
        if !keep.contains(&true) {
            keep[0] = true;
        }
    }
    keep[Program::INPUT].fill(true);
    keep[program.output].fill(true);
    let count = |keep: &[Vec<bool>]| keep.iter().flatten().filter(|keep| **keep).count();
    let mut before = 0;
    while before < count(&keep) {
        before = count(&keep);
        program.steps.iter().for_each(|step| tie(step, &mut keep));
    }
    keep
}

/// For each value, the channels that reach the output with weights other than zero.
fn needed(program: &Program) -> Vec<Vec<bool>> {
    let mut needed: Vec<Vec<bool>> =
        program.values.iter().map(|shape| vec![false; shape.channels]).collect();
    needed[program.output].fill(true);
    for step in program.steps.iter().rev() {
        let output = std::mem::take(&mut needed[step.output]);
        let mut mark = |value: ValueId, channels: &mut dyn Iterator<Item = bool>| {
            needed[value].iter_mut().zip(channels).for_each(|(needed, by)| *needed |= by);
        };
        match &step.operation {
            Operation::Convolution(convolution) => {
                let read = |i| reads(convolution, &output, i);
                mark(step.inputs[0], &mut (0..convolution.inputs).map(read));
            }
            Operation::Linear(linear) => {
                let positions = program.values[step.inputs[0]].positions();
                let rows = |channel: usize| {
                    let row = linear.weight.chunks(linear.inputs).zip(&output);
                    let at = channel * positions..(channel + 1) * positions;
                    row.filter(|(_, needed)| **needed).any(|(row, _)| !all_zero(&row[at.clone()]))
                };
                mark(step.inputs[0], &mut (0..linear.inputs / positions).map(rows));
            }
            Operation::ChannelConvolution(_) => {
                let any = output.contains(&true);
                mark(step.inputs[0], &mut std::iter::repeat_n(any, output.len()));
            }
            Operation::Concat => {
                let first = program.values[step.inputs[0]].channels;
                mark(step.inputs[0], &mut output[..first].iter().copied());
                mark(step.inputs[1], &mut output[first..].iter().copied());
            }
            Operation::Channels { first } => {
                let before = std::iter::repeat_n(false, *first);
                mark(step.inputs[0], &mut before.chain(output.iter().copied()));
            }
            _ => {
                step.inputs.iter().for_each(|&value| mark(value, &mut output.iter().copied()));
            }
        }
        needed[step.output] = output;
    }
    needed
}

/// Whether a needed output channel of a convolution reads an input channel.
fn reads(convolution: &Convolution, needed: &[bool], input: usize) -> bool {
    let Convolution { inputs, outputs, groups, kernel, .. } = *convolution;
    let (inputs, outputs, taps) = (inputs / groups, outputs / groups, kernel * kernel);
    let group = input / inputs * outputs;
    (group..group + outputs).any(|o| {
        let at = (o * inputs + input % inputs) * taps;
        needed[o] && !all_zero(&convolution.weight[at..at + taps])
    })
}

/// Extends what is kept to what can only be left out with it.
fn tie(step: &Step, keep: &mut [Vec<bool>]) {
    let one = step.inputs[0];
    match &step.operation {
        Operation::Linear(_) => {}
        Operation::Convolution(convolution) if convolution.groups == 1 => {}
        Operation::Convolution(convolution) if !convolution.is_depthwise() => {
            keep[one].fill(true);
            keep[step.output].fill(true);
        }
        Operation::ChannelConvolution(_) => {
            keep[one].fill(true);
            keep[step.output].fill(true);
        }
        Operation::Concat => {
            let (two, first) = (step.inputs[1], keep[one].len());
            let parts = keep[one].iter().chain(&keep[two]).zip(&keep[step.output]);
            let joined: Vec<bool> = parts.map(|(a, b)| a | b).collect();
            let (a, b) = joined.split_at(first);
            // A value may be joined with itself.
            keep[one].iter_mut().zip(a).for_each(|(keep, by)| *keep |= by);
            keep[two].iter_mut().zip(b).for_each(|(keep, by)| *keep |= by);
            keep[step.output] = joined;
        }
        Operation::Channels { first } => {
            let mut own = std::mem::take(&mut keep[step.output]);
            for (read, own) in keep[one].iter_mut().skip(*first).zip(&mut own) {
                *own |= *read;
                *read = *own;
            }
            keep[step.output] = own;
        }
        _ => {
            let mut joined = keep[step.output].clone();
            for &value in &step.inputs {
                joined.iter_mut().zip(&keep[value]).for_each(|(joined, keep)| *joined |= keep);
            }
            step.inputs.iter().for_each(|&value| keep[value].clone_from(&joined));
            keep[step.output] = joined;
        }
    }
}

fn shrink_step(mut step: Step, keep: &[Vec<bool>], shapes: &[Shape]) -> Step {
    let (input, output) = (&keep[step.inputs[0]], &keep[step.output]);
    if input.iter().chain(output).all(|keep| *keep) {
        return step;
    }
    let count = |keep: &[bool]| keep.iter().filter(|keep| **keep).count();
    match &mut step.operation {
        Operation::Convolution(c) => {
            let taps = c.kernel * c.kernel;
            if c.groups == 1 {
                c.weight = select(&c.weight, output, input, taps);
                (c.inputs, c.outputs) = (count(input), count(output));
            } else {
                // Depthwise: other groups keep all channels.
                c.weight = select(&c.weight, output, &[true], taps);
                let channels = count(output);
                (c.inputs, c.outputs, c.groups) = (channels, channels, channels);
            }
            c.bias = select(&c.bias, output, &[true], 1);
        }
        Operation::Linear(Linear { inputs, outputs, weight, bias, .. }) => {
            let positions = shapes[step.inputs[0]].positions();
            *weight = select(weight, output, input, positions);
            *bias = select(bias, output, &[true], 1);
            (*inputs, *outputs) = (count(input) * positions, count(output));
        }
        Operation::Channels { first } => *first = count(&input[..*first]),
        _ => {}
    }
    step
}

/// The entries `[rows, columns, size]` of the kept rows and columns.
fn select(values: &[f32], rows: &[bool], columns: &[bool], size: usize) -> Vec<f32> {
    let lines = values.chunks(columns.len() * size).zip(rows).filter(|(_, keep)| **keep);
    lines
        .flat_map(|(line, _)| line.chunks(size).zip(columns).filter(|(_, keep)| **keep))
        .flat_map(|(block, _)| block.iter().copied())
        .collect()
}
