//! The values of a program on an image, step by step.

use crate::split_activations::Split;
use automl_arch::Pooling;
use automl_deploy::{ChannelConvolution, Convolution, Linear, Operation, Shape};
use automl_extent::Extent;
use automl_numeric::vector::fast;

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
                operation => fast(|| single(operation, maps(0), shape)),
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

/// Sums over taps map by map, so that the innermost loops run along rows.
fn convolution(conv: &Convolution, x: Maps<'_>, output: Shape) -> Vec<f32> {
    let (inputs, outputs) = (conv.inputs / conv.groups, conv.outputs / conv.groups);
    let taps = conv.kernel * conv.kernel;
    let (from, positions) = (x.shape.positions(), output.positions());
    let mut values = vec![0.0; output.numbers()];
    let mut sums = vec![0.0; positions];
    for (channel, values) in values.chunks_exact_mut(positions).enumerate() {
        let filters = conv.weight.chunks_exact(taps).skip(channel * inputs).take(inputs);
        for (input, filter) in filters.enumerate() {
            let map = &x.numbers[(channel / outputs * inputs + input) * from..][..from];
            sums.fill(0.0);
            for (tap, weight) in filter.iter().enumerate() {
                add_tap(conv, tap, *weight, (map, x.shape.side), (&mut sums, output.side.width));
            }
            values.iter_mut().zip(&sums).for_each(|(value, sum)| *value += sum);
        }
        values.iter_mut().for_each(|value| *value += conv.bias[channel]);
    }
    values
}

/// Adds to each sum of `to`, in rows of a width, the product of a weight and the number of the map under its tap.
#[inline]
fn add_tap(
    conv: &Convolution,
    tap: usize,
    weight: f32,
    (map, side): (&[f32], Extent),
    (to, width): (&mut [f32], usize),
) {
    let (stride, padding) = (conv.stride, conv.padding.0);
    let (down, right) = (tap / conv.kernel * conv.dilation, tap % conv.kernel * conv.dilation);
    // The first output column whose tap lies on the map, and the column of the map there.
    let first = padding.saturating_sub(right).div_ceil(stride).min(width);
    let Some(column) = (first * stride + right).checked_sub(padding) else { return };
    for (row, sums) in to.chunks_exact_mut(width).enumerate() {
        let Some(row) = (row * stride + down).checked_sub(padding) else { continue };
        if row >= side.height || column >= side.width {
            continue;
        }
        let numbers = map[row * side.width + column..(row + 1) * side.width].iter();
        let sums = sums[first..].iter_mut();
        if stride == 1 {
            sums.zip(numbers).for_each(|(sum, number)| *sum += weight * number);
        } else {
            sums.zip(numbers.step_by(stride)).for_each(|(sum, number)| *sum += weight * number);
        }
    }
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
