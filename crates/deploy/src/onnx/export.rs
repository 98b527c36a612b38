//! Programs as ONNX models in 32-bit floats.

use super::activation::activation;
use super::builder::{Attribute, GraphBuilder};
use super::error::OnnxError;
use super::metadata::metadata;
use super::normalization::Normalization;
use super::options::{Batch, InputRange, OnnxOptions};
use crate::nonlinearity::Nonlinearity;
use crate::operation::{ChannelConvolution, Convolution, Linear, Operation};
use crate::program::{Program, Shape, Step};
use crate::record::NetworkFile;
use automl_arch::Pooling;
use automl_extent::Extent;

/// The bytes of an ONNX model (opset 17, IR version 8) of a program and its record.
///
/// # Shapes
/// Input `image` `[batch, channels, height, width]`, output `scores` `[batch, classes]`, both 32-bit
/// floats. Pixels in the range of the options are normalized inside of the model: in the first
/// convolution where it has no padding, else by `Sub` and `Mul`.
///
/// # Errors
/// [`OnnxError::NoNormalization`] where the record lacks the mean and deviation of pixels.
pub fn float_model(
    program: &Program,
    record: &NetworkFile,
    options: OnnxOptions,
) -> Result<Vec<u8>, OnnxError> {
    let mut program = program.clone();
    let shape = program.input_shape();
    let batch = match options.batch {
        Batch::Fixed(count) => Some(count),
        Batch::Dynamic => None,
    };
    let mut graph = GraphBuilder::default();
    let Extent { height, width } = shape.side;
    graph.input("image", &[batch, Some(shape.channels), Some(height), Some(width)]);
    let mut input = "image".to_owned();
    if options.range != InputRange::Normalized {
        let known = record.input.as_ref().ok_or(OnnxError::NoNormalization)?;
        let normalization = Normalization::new(known, options.range);
        if !normalization.fold(&mut program) {
            input = normalization.nodes(&mut graph, &input);
        }
    }
    let mut writer = Writer { graph, values: vec![Value::default(); program.values.len()] };
    writer.values[Program::INPUT] = Value { maps: Some(input), flat: None };
    for step in &program.steps {
        writer.step(&program, step);
    }
    let output = writer.flat(program.output);
    writer.graph.node("scores", "Identity", &[&output], &[]);
    writer.graph.output("scores", &[batch, Some(program.classes)]);
    Ok(writer.graph.model("network", metadata(record, options.range)))
}

/// A value of the program in the model.
#[derive(Clone, Debug, Default)]
struct Value {
    /// Its name as `[batch, channels, height, width]`.
    maps: Option<String>,
    /// Its name as `[batch, numbers]`.
    flat: Option<String>,
}

struct Writer {
    graph: GraphBuilder,
    values: Vec<Value>,
}

impl Writer {
    fn step(&mut self, program: &Program, step: &Step) {
        let (name, input) = (step.name.as_str(), step.inputs[0]);
        let shape = program.values[input];
        let mut is_flat = false;
        let output = match &step.operation {
            Operation::Convolution(convolution) => {
                let x = self.maps(input);
                self.convolution(name, convolution, &x)
            }
            Operation::Linear(linear) => {
                is_flat = true;
                let x = self.flat(input);
                self.linear(name, linear, &x)
            }
            Operation::Pool { kind, kernel, stride, padding } => {
                let x = self.maps(input);
                self.pool(name, *kind, [*kernel, *stride, *padding], &x)
            }
            Operation::GlobalAveragePool => {
                let x = self.maps(input);
                self.graph.node(name, "GlobalAveragePool", &[&x], &[])
            }
            Operation::Activation(f) => {
                is_flat = self.values[input].maps.is_none();
                let x = if is_flat { self.flat(input) } else { self.maps(input) };
                activation(&mut self.graph, name, *f, &x)
            }
            Operation::ChannelConvolution(convolution) => {
                let x = self.maps(input);
                self.along_channels(name, convolution, shape, &x)
            }
            Operation::Scale => {
                let (x, factors) = (self.maps(input), self.maps(step.inputs[1]));
                self.graph.node(name, "Mul", &[&x, &factors], &[])
            }
            Operation::Add(f) => {
                let (a, b) = (self.maps(input), self.maps(step.inputs[1]));
                let sum = self.before(name, *f);
                let sum = self.graph.node(&sum, "Add", &[&a, &b], &[]);
                activation(&mut self.graph, name, *f, &sum)
            }
            Operation::Channels { first } => {
                let x = self.maps(input);
                let end = *first + program.values[step.output].channels;
                let mut constant = |part: &str, value: usize| {
                    self.graph.integers(&format!("{name}.{part}"), &[value as i64])
                };
                let (first, end) = (constant("first", *first), constant("end", end));
                let axis = constant("axis", 1);
                self.graph.node(name, "Slice", &[&x, &first, &end, &axis], &[])
            }
            Operation::Concat => {
                let (a, b) = (self.maps(input), self.maps(step.inputs[1]));
                let axis = [("axis", Attribute::Int(1))];
                self.graph.node(name, "Concat", &[&a, &b], &axis)
            }
        };
        self.values[step.output] = match is_flat {
            true => Value { maps: None, flat: Some(output) },
            false => Value { maps: Some(output), flat: None },
        };
    }

    /// Name of the node before the nonlinearity of a step.
    fn before(&self, name: &str, activation: Nonlinearity) -> String {
        if activation == Nonlinearity::Identity {
            return name.to_owned();
        }
        format!("{name}/linear")
    }

    fn convolution(&mut self, name: &str, c: &Convolution, x: &str) -> String {
        let dims = [c.outputs, c.inputs / c.groups, c.kernel, c.kernel];
        let weight = self.graph.floats(&format!("{name}.weight"), &dims, &c.weight);
        let bias = self.graph.floats(&format!("{name}.bias"), &[c.outputs], &c.bias);
        let (before, after) = (c.padding.0 as i64, c.padding.1 as i64);
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![c.kernel as i64; 2])),
            ("strides", Attribute::Ints(vec![c.stride as i64; 2])),
            ("pads", Attribute::Ints(vec![before, before, after, after])),
            ("dilations", Attribute::Ints(vec![c.dilation as i64; 2])),
            ("group", Attribute::Int(c.groups as i64)),
        ];
        let sum = self.before(name, c.activation);
        let sum = self.graph.node(&sum, "Conv", &[x, &weight, &bias], &attributes);
        activation(&mut self.graph, name, c.activation, &sum)
    }

    fn linear(&mut self, name: &str, linear: &Linear, x: &str) -> String {
        let dims = [linear.outputs, linear.inputs];
        let weight = self.graph.floats(&format!("{name}.weight"), &dims, &linear.weight);
        let bias = self.graph.floats(&format!("{name}.bias"), &[linear.outputs], &linear.bias);
        let sum = self.before(name, linear.activation);
        let transposed = [("transB", Attribute::Int(1))];
        let sum = self.graph.node(&sum, "Gemm", &[x, &weight, &bias], &transposed);
        activation(&mut self.graph, name, linear.activation, &sum)
    }

    fn pool(
        &mut self,
        name: &str,
        kind: Pooling,
        [kernel, stride, padding]: [usize; 3],
        x: &str,
    ) -> String {
        let mut attributes = vec![
            ("kernel_shape", Attribute::Ints(vec![kernel as i64; 2])),
            ("strides", Attribute::Ints(vec![stride as i64; 2])),
            ("pads", Attribute::Ints(vec![padding as i64; 4])),
        ];
        let operator = match kind {
            Pooling::Max => "MaxPool",
            Pooling::Average => {
                attributes.push(("count_include_pad", Attribute::Int(1)));
                "AveragePool"
            }
        };
        self.graph.node(name, operator, &[x], &attributes)
    }

    fn along_channels(
        &mut self,
        name: &str,
        convolution: &ChannelConvolution,
        shape: Shape,
        x: &str,
    ) -> String {
        let kernel = convolution.weight.len();
        let weight =
            self.graph.floats(&format!("{name}.weight"), &[1, 1, kernel], &convolution.weight);
        let channels = shape.channels as i64;
        let line = self.graph.integers(&format!("{name}.line"), &[0, 1, channels]);
        let line = self.graph.node(&format!("{name}/line"), "Reshape", &[x, &line], &[]);
        let half = (kernel / 2) as i64;
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![kernel as i64])),
            ("pads", Attribute::Ints(vec![half, half])),
        ];
        let sum = format!("{name}/linear");
        let sum = self.graph.node(&sum, "Conv", &[&line, &weight], &attributes);
        let gate = format!("{name}/gate");
        let gate = activation(&mut self.graph, &gate, convolution.activation, &sum);
        let maps = self.graph.integers(&format!("{name}.maps"), &[0, channels, 1, 1]);
        self.graph.node(name, "Reshape", &[&gate, &maps], &[])
    }

    /// A value as `[batch, channels, height, width]`.
    fn maps(&mut self, value: usize) -> String {
        if let Some(name) = &self.values[value].maps {
            return name.clone();
        }
        let flat = self.values[value].flat.clone().unwrap_or_default();
        let axes = self.graph.integers("map_axes", &[2, 3]);
        let name = self.graph.node(&format!("{flat}/maps"), "Unsqueeze", &[&flat, &axes], &[]);
        self.values[value].maps = Some(name.clone());
        name
    }

    /// A value as `[batch, numbers]`.
    fn flat(&mut self, value: usize) -> String {
        if let Some(name) = &self.values[value].flat {
            return name.clone();
        }
        let maps = self.values[value].maps.clone().unwrap_or_default();
        let axis = [("axis", Attribute::Int(1))];
        let name = self.graph.node(&format!("{maps}/flat"), "Flatten", &[&maps], &axis);
        self.values[value].flat = Some(name.clone());
        name
    }
}
