//! A network in floats that rounds as its int8 program does.

use super::pointwise::{numbers, pointwise, rounded, rounded_weights};
use automl_deploy::{Nonlinearity, Operation, Program};
use automl_quantize::{Int8Operation, Int8Program, Int8Step, Int8Value, Scale, Window};
use burn::module::{Module, Param};
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::HashMap;

/// Half of the distance over which the slope of a nonlinearity is taken.
const SLOPE: f32 = 1e-3;

/// The weights and biases of all steps that have them, in their order.
#[derive(Module, Debug)]
pub(super) struct Parameters {
    /// `[outputs, inputs / groups, kernel, kernel]`; of a convolution along channels `[1, 1, 1, kernel]`.
    weights: Vec<Param<Tensor<4>>>,
    /// `[outputs]`; of a convolution along channels one that is not used.
    biases: Vec<Param<Tensor<1>>>,
}

/// A folded program with weights that can be trained.
pub(super) struct Simulated {
    program: Program,
    pub(super) parameters: Parameters,
    /// The place of a step's parameters.
    places: HashMap<String, usize>,
}

impl Simulated {
    pub(super) fn new(program: Program, device: &Device) -> Self {
        let (mut weights, mut biases, mut places) = (Vec::new(), Vec::new(), HashMap::new());
        for step in &program.steps {
            let input = program.values[step.inputs[0]];
            let (weight, bias, dims) = match &step.operation {
                Operation::Convolution(conv) => {
                    let dims = [conv.outputs, conv.inputs / conv.groups, conv.kernel, conv.kernel];
                    (&conv.weight, &conv.bias[..], dims)
                }
                Operation::Linear(linear) => {
                    let dims =
                        [linear.outputs, input.channels, input.side.height, input.side.width];
                    (&linear.weight, &linear.bias[..], dims)
                }
                Operation::ChannelConvolution(conv) => {
                    (&conv.weight, &[0.0][..], [1, 1, 1, conv.weight.len()])
                }
                _ => continue,
            };
            places.insert(step.name.clone(), weights.len());
            weights.push(Param::from_data(TensorData::new(weight.clone(), dims), device));
            biases.push(Param::from_data(TensorData::new(bias.to_vec(), [bias.len()]), device));
        }
        Self { program, parameters: Parameters { weights, biases }, places }
    }

    /// The program with the weights and biases of now, in floats.
    pub(super) fn program(&self) -> Program {
        let mut program = self.program.clone();
        for step in &mut program.steps {
            let Some(&place) = self.places.get(&step.name) else { continue };
            let weights = numbers(self.parameters.weights[place].val());
            let biases = numbers(self.parameters.biases[place].val());
            match &mut step.operation {
                Operation::Convolution(conv) => (conv.weight, conv.bias) = (weights, biases),
                Operation::Linear(linear) => (linear.weight, linear.bias) = (weights, biases),
                Operation::ChannelConvolution(conv) => conv.weight = weights,
                _ => {}
            }
        }
        program
    }

    /// The class scores `[batch, classes]` of normalized images, with the scales and the rounding of an
    /// int8 program of this network.
    pub(super) fn forward(&self, int8: &Int8Program, images: Tensor<4>) -> Tensor<2> {
        let mut values = vec![images];
        for (step, to) in int8.steps.iter().zip(&int8.values[1..]) {
            let from: Vec<Int8Value> =
                step.inputs.iter().map(|&value| int8.values[value]).collect();
            let x: Vec<Tensor<4>> =
                step.inputs.iter().map(|&value| values[value].clone()).collect();
            let y = self.step(step, &x, from[0], *to);
            values.push(y);
        }
        let scores = values.swap_remove(values.len() - 1);
        scores.flatten(1, 3)
    }

    fn step(&self, step: &Int8Step, x: &[Tensor<4>], from: Int8Value, to: Int8Value) -> Tensor<4> {
        let first = x[0].clone();
        let y = match &step.operation {
            Int8Operation::Pixels { .. } => first,
            Int8Operation::Matrix(_) => self.products(step, first, from.scale, None, 1),
            Int8Operation::Convolution { window, groups, .. } => {
                self.products(step, first, from.scale, Some(*window), *groups)
            }
            Int8Operation::Depthwise { window, .. } => {
                self.products(step, first, from.scale, Some(*window), from.shape.channels)
            }
            // Maxima and channels have the scale of their input.
            Int8Operation::MaxPool(window) => return max_pool(first, *window),
            Int8Operation::Average { window, .. } => average(first, *window),
            Int8Operation::Table { nonlinearity, table } => {
                return tabled(first, *nonlinearity, table, from.scale, to.scale);
            }
            Int8Operation::AlongChannels { .. } => self.along_channels(step, first),
            Int8Operation::Add { .. } => first + x[1].clone(),
            Int8Operation::Scale { .. } => first * x[1].clone(),
            Int8Operation::Concat { .. } => Tensor::cat(x.to_vec(), 1),
            Int8Operation::Channels { first: from } => {
                return first.narrow(1, *from, to.shape.channels);
            }
        };
        rounded(y, to.scale)
    }

    /// The parameters of a step.
    fn parameters(&self, step: &Int8Step) -> (Tensor<4>, Tensor<1>) {
        let place = self.places.get(&step.name).copied().unwrap_or_default();
        (self.parameters.weights[place].val(), self.parameters.biases[place].val())
    }

    /// A convolution; without a window, a product of whole maps or at every position.
    fn products(
        &self,
        step: &Int8Step,
        x: Tensor<4>,
        scale: Scale,
        window: Option<Window>,
        groups: usize,
    ) -> Tensor<4> {
        let (weight, bias) = self.parameters(step);
        let weight = rounded_weights(weight, bias.clone(), scale.step);
        let [outputs, inputs, rows, columns] = weight.dims();
        let [batch, _, height, width] = x.dims();
        if window.is_none() && rows * columns == 1 {
            // Several times as fast as the general convolution.
            let weight = weight.reshape([1, outputs, inputs]).expand([batch, outputs, inputs]);
            let y = weight.matmul(x.reshape([batch, inputs, height * width]));
            return (y + bias.reshape([1, outputs, 1])).reshape([batch, outputs, height, width]);
        }
        let kernel = (rows, columns).into();
        let whole = Window { kernel, dilation: 1, stride: 1, before: 0, after: 0 };
        let Window { dilation, stride, before, after, .. } = window.unwrap_or(whole);
        let padding = [(before, after); 2];
        let options = ConvOptions::new_with_padding([stride; 2], padding, [dilation; 2], groups);
        conv2d(x, weight, Some(bias), options)
    }

    /// A convolution along the channels, as a sum of shifted products.
    fn along_channels(&self, step: &Int8Step, x: Tensor<4>) -> Tensor<4> {
        let (weight, bias) = self.parameters(step);
        let weight = rounded_weights(weight, bias, 1.0);
        let ([batch, channels, ..], [.., kernel]) = (x.dims(), weight.dims());
        let rim = Tensor::zeros([batch, kernel / 2, 1, 1], &x.device());
        let padded = Tensor::cat(vec![rim.clone(), x, rim], 1);
        let shifted = |k| padded.clone().narrow(1, k, channels) * weight.clone().narrow(3, k, 1);
        (1..kernel).fold(shifted(0), |sum, k| sum + shifted(k))
    }
}

fn max_pool(x: Tensor<4>, Window { kernel, stride, before, after, .. }: Window) -> Tensor<4> {
    let (stride, padding) = ([stride; 2], [(before, after); 2]);
    max_pool2d(
        x,
        MaxPoolOptions { stride, padding, ..MaxPoolOptions::new([kernel.height, kernel.width]) },
    )
}

fn average(x: Tensor<4>, Window { kernel, stride, before, after, .. }: Window) -> Tensor<4> {
    let (stride, padding) = ([stride; 2], [(before, after); 2]);
    avg_pool2d(
        x,
        AvgPoolOptions { stride, padding, ..AvgPoolOptions::new([kernel.height, kernel.width]) },
    )
}

/// The values of an int8 program's table, with the slope of its function where that is in the range.
fn tabled(
    x: Tensor<4>,
    nonlinearity: Nonlinearity,
    table: &[i8],
    from: Scale,
    to: Scale,
) -> Tensor<4> {
    let (low, high) = (to.value(-128), to.value(127));
    let entry = |q: i8| {
        let x = from.value(q);
        let [y, above, below] = [x, x + SLOPE, x - SLOPE].map(|x| nonlinearity.apply(x));
        let slope = (above - below) / (2.0 * SLOPE);
        let value = table.get((i16::from(q) + 128) as usize).copied().unwrap_or_default();
        (to.value(value), if (low..=high).contains(&y) { slope } else { 0.0 })
    };
    let entries: Vec<(f32, f32)> = (-128..=127).map(entry).collect();
    pointwise(x, |x| entries[(i16::from(from.quantize(x)) + 128) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use crate::int8::tuning::tests::{conv_network, trained};
    use automl_arch::{Activation, Architecture, Block, Layer, block};
    use automl_extent::Extent;
    use automl_quantize::Interpreter;

    /// With the scales of its int8 program, a network gives the scores of that program up to the step of
    /// the scores, and the same class of nearly all images; without rounding it does not.
    #[test]
    fn simulated_networks_round_as_the_interpreter_does() {
        rounds_as_the_interpreter(&conv_network());
        // A mean, then a product, of whole maps that are not square.
        let side = Extent::new(8, 6);
        rounds_as_the_interpreter(&Architecture { input_side: side, ..conv_network() });
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(Block::MaxPool(block::MaxPool { kernel: 2, stride: 2, padding: 0 })),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        rounds_as_the_interpreter(&Architecture::new(1, side, layers));
    }

    fn rounds_as_the_interpreter(architecture: &Architecture) {
        let (data, graph, weights) = trained(architecture, 2);
        let program = Program::lower(&graph, &weights).unwrap();
        let int8 =
            Int8Program::calibrate(&program, &data.preprocessing(), &data.train, 64, 0).unwrap();
        let device = cpu().autodiff();
        let simulated = Simulated::new(program.clone(), &device);
        assert_eq!(simulated.program(), program);
        let count = 200;
        let images =
            crate::batch::plain(&data, &data.test, &(0..count).collect::<Vec<_>>(), &device);
        let scores = numbers(simulated.forward(&int8, Tensor::from_inner(images)));
        let mut interpreter = Interpreter::new(&int8);
        let scale = int8.values[int8.values.len() - 1].scale;
        let (mut same, mut equal, mut near, mut all) = (0, 0, 0, 0);
        for (index, scores) in scores.chunks(10).enumerate() {
            // One channel: planes are pixels.
            let bytes = interpreter.run(data.test.image(index)).to_vec();
            for (score, q) in scores.iter().zip(&bytes) {
                let steps = (score - scale.value(*q)).abs() / scale.step;
                equal += usize::from(steps < 0.01);
                near += usize::from(steps < 1.01);
                all += 1;
            }
            let best = |of: &dyn Fn(usize) -> f32| {
                (0..10).fold(0, |best, class| if of(class) > of(best) { class } else { best })
            };
            same += usize::from(best(&|c| scores[c]) == best(&|c| f32::from(bytes[c])));
        }
        assert!(same * 200 >= count * 199, "{same} of {count}");
        // Sums of rounded values often lie between two numbers, where the last bit decides.
        assert!(equal * 2 > all && near * 100 >= all * 99, "{equal}, {near} of {all}");
    }
}
