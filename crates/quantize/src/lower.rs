//! Lowering of a program of floats to integer arithmetic.

mod simple;
mod weights;

use crate::calibrate::ranges;
use crate::program::{Int8Operation, Int8Program, Int8Step, Int8Value, Products, Window};
use crate::scale::Scale;
use crate::split_activations::split;
use automl_arch::Pooling;
use automl_deploy::{Convolution, Linear, Operation, Program, Shape, Step};
use automl_extent::Extent;
use simple::{add, along_channels, concat, pixels, pool, scale, table};
use thiserror::Error;
pub use weights::weight_step;
use weights::{Filters, channels_last, transposed};

/// A network that cannot be quantized.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// There is nothing to calibrate with.
    #[error("there are no calibration images")]
    NoImages,
    /// An image has another number of bytes than the network's input.
    #[error("calibration image {index} has {found} bytes, the network takes {expected}")]
    Image {
        /// Index of the image.
        index: usize,
        /// Its bytes.
        found: usize,
        /// The bytes of channels x height x width pixels.
        expected: usize,
    },
    /// There is not one mean and one positive deviation for each input channel.
    #[error("the network has {channels} channels, and {found} means and deviations above 0")]
    Normalization {
        /// Input channels.
        channels: usize,
        /// Channels with a mean and a positive deviation.
        found: usize,
    },
    /// The class scores are no vector.
    #[error("the class scores are maps of side {side}; int8 needs a linear layer or a pool before")]
    Scores {
        /// Height and width of the last maps.
        side: Extent,
    },
    /// A sum of products may exceed 32 bits.
    #[error("{step}: the sum of {products} products may exceed 32 bits")]
    Overflow {
        /// Name of the step.
        step: String,
        /// Products in one sum.
        products: usize,
    },
    /// A value is NaN or infinite on a calibration image.
    #[error("{step}: its output is NaN or infinite on the calibration images")]
    NotFinite {
        /// Name of the step.
        step: String,
    },
}

impl Int8Program {
    /// Quantizes a program by calibration images.
    ///
    /// `normalization` has mean and standard deviation of each channel for pixels in [0, 1]; an
    /// image is `[channels, height, width]` pixels in 0..=255. 256 to 1,024 training images suffice.
    ///
    /// # Errors
    /// [`QuantizeError`] names what does not fit.
    pub fn quantize(
        program: &Program,
        normalization: &[(f32, f32)],
        images: &[Vec<u8>],
    ) -> Result<Self, QuantizeError> {
        let input = program.input_shape();
        check(program, normalization, images)?;
        let split = split(program);
        let normalized: Vec<Vec<f32>> =
            images.iter().map(|image| normalize(image, input, normalization)).collect();
        let ranges = ranges(&split, &normalized);
        let mut lowering = Lowering::new(input, normalization);
        for (index, step) in split.program.steps.iter().enumerate() {
            let (low, high) = ranges[index + 1];
            if !(low.is_finite() && high.is_finite()) {
                return Err(QuantizeError::NotFinite { step: step.name.clone() });
            }
            let shape = split.program.values[index + 1];
            lowering.step(step, shape, ranges[index + 1])?;
        }
        Ok(lowering.program)
    }
}

fn check(
    program: &Program,
    normalization: &[(f32, f32)],
    images: &[Vec<u8>],
) -> Result<(), QuantizeError> {
    let input = program.input_shape();
    let valid = |(mean, deviation): &&(f32, f32)| mean.is_finite() && *deviation > 0.0;
    let found = normalization.iter().filter(valid).count();
    if found != input.channels || normalization.len() != found {
        return Err(QuantizeError::Normalization { channels: input.channels, found });
    }
    let side = program.values[program.output].side;
    if side != 1 {
        return Err(QuantizeError::Scores { side });
    }
    let expected = input.numbers();
    match images.iter().position(|image| image.len() != expected) {
        Some(index) => {
            let found = images[index].len();
            Err(QuantizeError::Image { index, found, expected })
        }
        None if images.is_empty() => Err(QuantizeError::NoImages),
        None => Ok(()),
    }
}

/// Pixels as training sees them: (pixel / 255 - mean) / deviation.
pub(crate) fn normalize(image: &[u8], shape: Shape, normalization: &[(f32, f32)]) -> Vec<f32> {
    let maps = image.chunks(shape.positions()).zip(normalization);
    maps.flat_map(|(map, (mean, deviation))| {
        map.iter().map(move |pixel| (f32::from(*pixel) / 255.0 - mean) / deviation)
    })
    .collect()
}

/// The program so far.
struct Lowering {
    program: Int8Program,
}

impl Lowering {
    /// The image and its conversion.
    fn new(shape: Shape, normalization: &[(f32, f32)]) -> Self {
        let ends = normalization
            .iter()
            .map(|(mean, deviation)| (-mean / deviation, (1.0 - mean) / deviation));
        let (low, high) =
            ends.fold((0.0_f32, 0.0_f32), |(low, high), (a, b)| (low.min(a), high.max(b)));
        let scale = Scale::of_range(low, high);
        let image = Int8Value { shape, scale: Scale { step: 1.0 / 255.0, zero: 0 } };
        let step = Int8Step {
            name: "pixels".into(),
            inputs: vec![0],
            operation: pixels(scale, normalization),
        };
        let values = vec![image, Int8Value { shape, scale }];
        Self {
            program: Int8Program {
                values,
                steps: vec![step],
                normalization: normalization.to_vec(),
            },
        }
    }

    /// Appends a step; value v of the floats is value v + 1 here.
    fn step(&mut self, step: &Step, shape: Shape, range: (f32, f32)) -> Result<(), QuantizeError> {
        let inputs: Vec<usize> = step.inputs.iter().map(|value| value + 1).collect();
        let x: Vec<Int8Value> = inputs.iter().map(|&value| self.program.values[value]).collect();
        let (operation, scale) = match &step.operation {
            Operation::Convolution(conv) => convolution(&step.name, conv, x[0], range)?,
            Operation::Linear(linear) => matrix(&step.name, linear, x[0], range)?,
            Operation::Pool { kind, kernel, stride, padding } => {
                let window = Window::plain((*kernel).into(), *stride, (*padding, *padding));
                pool(*kind, window, x[0].scale, range)
            }
            Operation::GlobalAveragePool => {
                let window = Window::plain(x[0].shape.side, 1, (0, 0));
                pool(Pooling::Average, window, x[0].scale, range)
            }
            Operation::Activation(nonlinearity) => table(*nonlinearity, x[0].scale, range),
            Operation::ChannelConvolution(conv) => along_channels(&conv.weight, x[0].scale, range),
            Operation::Scale => scale(x[0].scale, x[1].scale, range),
            Operation::Add(_) => add(x[0].scale, x[1].scale, range),
            Operation::Concat => concat(x[0].scale, x[1].scale, range),
            // Channels keep the scale of their input.
            Operation::Channels { first } => {
                (Int8Operation::Channels { first: *first }, x[0].scale)
            }
        };
        self.program.values.push(Int8Value { shape, scale });
        self.program.steps.push(Int8Step { name: step.name.clone(), inputs, operation });
        Ok(())
    }
}

type Lowered = (Int8Operation, Scale);

fn convolution(
    name: &str,
    conv: &Convolution,
    x: Int8Value,
    range: (f32, f32),
) -> Result<Lowered, QuantizeError> {
    let window = Window::plain(conv.kernel.into(), conv.stride, conv.padding);
    let window = Window { dilation: conv.dilation, ..window };
    let filters = Filters {
        weights: channels_last(&conv.weight, conv.inputs / conv.groups, conv.kernel * conv.kernel),
        bias: &conv.bias,
    };
    let (products, scale) = filters.quantize(name, x.scale, range)?;
    let operation = if conv.is_pointwise() {
        Int8Operation::Matrix(products)
    } else if conv.is_depthwise() {
        let taps = conv.kernel * conv.kernel;
        let weights = transposed(&products.weights, taps);
        Int8Operation::Depthwise { products: Products { weights, ..products }, window }
    } else {
        Int8Operation::Convolution { products, window, groups: conv.groups }
    };
    Ok((operation, scale))
}

fn matrix(
    name: &str,
    linear: &Linear,
    x: Int8Value,
    range: (f32, f32),
) -> Result<Lowered, QuantizeError> {
    let weights = channels_last(&linear.weight, x.shape.channels, x.shape.positions());
    let filters = Filters { weights, bias: &linear.bias };
    let (products, scale) = filters.quantize(name, x.scale, range)?;
    Ok((Int8Operation::Matrix(products), scale))
}
