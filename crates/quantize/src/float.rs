//! The values of a program on an image, step by step.

use crate::split_activations::Split;
use automl_arch::Pooling;
use automl_deploy::{ChannelConvolution, Convolution, Linear, Operation, Shape};
use automl_extent::Extent;

impl Split {
    /// Every value of the program for a normalized image `[channels, height, width]`.
    pub(crate) fn values(&self, image: &[f32]) -> Vec<Vec<f32>> {
        let mut values = vec![image.to_vec()];
        for (step, range) in self.program.steps.iter().zip(&self.ranges) {
            let maps = |position: usize| Maps {
                shape: self.program.values[step.inputs[position]],
                numbers: &values[step.inputs[position]],
            };
            let shape = self.program.values[step.output];
            let mut output = match &step.operation {
                Operation::Scale if maps(0).shape == maps(1).shape => {
                    maps(0).numbers.iter().zip(maps(1).numbers).map(|(a, b)| a * b).collect()
                }
                Operation::Scale => scale(maps(0), maps(1)),
                Operation::Add(_) => {
                    maps(0).numbers.iter().zip(maps(1).numbers).map(|(a, b)| a + b).collect()
                }
                Operation::Concat => [maps(0).numbers, maps(1).numbers].concat(),
                Operation::Channels { first } => {
                    let positions = shape.positions();
                    maps(0).numbers[first * positions..][..shape.numbers()].to_vec()
                }
                operation => single(operation, maps(0), shape),
            };
            output.iter_mut().for_each(|y| *y = range.apply(*y));
            values.push(output);
        }
        values
    }
}

#[derive(Clone, Copy)]
struct Maps<'a> {
    shape: Shape,
    numbers: &'a [f32],
}

impl Maps<'_> {
    /// The numbers of a channel inside of a window with this corner, each with its tap.
    fn window(
        &self,
        channel: usize,
        (kernel, dilation): (usize, usize),
        (top, left): (isize, isize),
    ) -> impl Iterator<Item = (usize, f32)> {
        let Extent { height, width } = self.shape.side;
        let map = &self.numbers[channel * height * width..][..height * width];
        (0..kernel * kernel).filter_map(move |tap| {
            let row = usize::try_from(top + (tap / kernel * dilation) as isize).ok();
            let column = left + (tap % kernel * dilation) as isize;
            let column = usize::try_from(column).ok().filter(|column| *column < width);
            Some((tap, map[row.filter(|row| *row < height)? * width + column?]))
        })
    }
}

/// The value of each output channel and corner of its window.
fn slide(
    output: Shape,
    stride: usize,
    before: usize,
    of: impl Fn(usize, (isize, isize)) -> f32,
) -> Vec<f32> {
    let corner = |at: usize| (at * stride) as isize - before as isize;
    let (positions, width) = (output.positions(), output.side.width);
    let number = |index: usize| {
        let position = index % positions;
        of(index / positions, (corner(position / width), corner(position % width)))
    };
    (0..output.numbers()).map(number).collect()
}

fn single(operation: &Operation, x: Maps<'_>, output: Shape) -> Vec<f32> {
    match operation {
        Operation::Convolution(conv) => convolution(conv, x, output),
        Operation::Linear(linear) => matrix(linear, x),
        Operation::Pool { kind, kernel, stride, padding } => {
            slide(output, *stride, *padding, |channel, corner| {
                let window = x.window(channel, (*kernel, 1), corner).map(|(_, number)| number);
                match kind {
                    Pooling::Max => window.fold(f32::NEG_INFINITY, f32::max),
                    Pooling::Average => window.sum::<f32>() / (kernel * kernel) as f32,
                }
            })
        }
        Operation::GlobalAveragePool => {
            let positions = x.shape.positions();
            x.numbers
                .chunks(positions)
                .map(|map| map.iter().sum::<f32>() / positions as f32)
                .collect()
        }
        Operation::Activation(nonlinearity) => {
            x.numbers.iter().map(|number| nonlinearity.apply(*number)).collect()
        }
        Operation::ChannelConvolution(conv) => along_channels(conv, x.numbers),
        Operation::Scale | Operation::Add(_) | Operation::Concat | Operation::Channels { .. } => {
            Vec::new()
        }
    }
}

fn convolution(conv: &Convolution, x: Maps<'_>, output: Shape) -> Vec<f32> {
    let Convolution { kernel, stride, padding, groups, .. } = *conv;
    let (inputs, outputs) = (conv.inputs / groups, conv.outputs / groups);
    slide(output, stride, padding.0, |channel, corner| {
        let filters = conv.weight.chunks(kernel * kernel).skip(channel * inputs).take(inputs);
        let sums = filters.enumerate().map(|(input, filter)| {
            let from = channel / outputs * inputs + input;
            let window = x.window(from, (kernel, conv.dilation), corner);
            window.map(|(tap, number)| filter[tap] * number).sum::<f32>()
        });
        conv.bias[channel] + sums.sum::<f32>()
    })
}

fn matrix(linear: &Linear, x: Maps<'_>) -> Vec<f32> {
    let row = |(weights, bias): (&[f32], &f32)| {
        bias + weights.iter().zip(x.numbers).map(|(weight, number)| weight * number).sum::<f32>()
    };
    linear.weight.chunks(linear.inputs).zip(&linear.bias).map(row).collect()
}

fn along_channels(conv: &ChannelConvolution, x: &[f32]) -> Vec<f32> {
    let sum = |channel: usize| {
        let taps = conv.weight.iter().enumerate().filter_map(|(tap, weight)| {
            let from = (channel + tap).checked_sub(conv.weight.len() / 2)?;
            Some(weight * x.get(from)?)
        });
        taps.sum()
    };
    (0..x.len()).map(sum).collect()
}

/// One factor a channel.
fn scale(x: Maps<'_>, factors: Maps<'_>) -> Vec<f32> {
    let maps = x.numbers.chunks(x.shape.positions()).zip(factors.numbers);
    maps.flat_map(|(map, factor)| map.iter().map(move |number| number * factor)).collect()
}
