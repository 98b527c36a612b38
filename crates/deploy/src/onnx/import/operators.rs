//! Operators with one value.

use super::attributes::{Windows, fail, float, int, ints};
use super::constants::Constant;
use super::error::ImportError;
use super::piece::Piece;
use super::reader::Reader;
use super::values::Item;
use crate::onnx::proto::Node;
use crate::program::Shape;
use automl_arch::{Activation, Convolution, Gate, Op, Pooling};

/// The number that batch normalization of the program adds to the variance.
const EPSILON: f32 = 1e-5;

type Read = Result<(), ImportError>;

impl Reader {
    /// Reads a node.
    ///
    /// # Errors
    /// [`ImportError::Node`] for a node that a graph cannot express.
    pub(super) fn read(&mut self, node: &Node) -> Read {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return Err(fail(node, format!("operators of {:?} are not known", node.domain)));
        }
        match node.op_type.as_str() {
            "Conv" => self.convolution(node),
            "BatchNormalization" => self.normalization(node),
            "Gemm" => self.gemm(node),
            "MatMul" => self.mat_mul(node),
            "MaxPool" => self.pool(node, Pooling::Max),
            "AveragePool" => self.pool(node, Pooling::Average),
            "GlobalAveragePool" | "ReduceMean" => self.mean(node),
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(node),
            "Concat" => self.concat(node),
            "Slice" => self.slice(node),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" | "Transpose" => self.reshape(node),
            "Identity" | "Dropout" => self.value(node, 0).map(|value| self.alias(node, value)),
            "Softmax" | "LogSoftmax" => self.softmax(node),
            "Constant" => self.named_constant(node),
            "Clip" => self.clip(node),
            "Erf" => self.erf(node),
            _ => self.activation(node),
        }
    }

    fn convolution(&mut self, node: &Node) -> Read {
        let input = self.value(node, 0)?;
        let (shape, weight) = (self.shape(input), self.constant(node, 1)?.clone());
        if let [1, 1, kernel] = weight.dims[..]
            && shape.side == 1
        {
            let same = ints(node, "pads").iter().all(|pad| *pad == (kernel / 2) as i64);
            if kernel % 2 == 0 || !same || self.optional(node, 2)?.is_some() {
                return Err(fail(
                    node,
                    "a convolution along channels has an odd kernel, half of it \
                                       as padding, and no bias",
                ));
            }
            self.push(node, vec![input], shape, Item::Along(weight.values));
            return Ok(());
        }
        let [outputs, each, kernel, width] = weight.dims[..] else {
            return Err(fail(node, format!("its weights have shape {:?}", weight.dims)));
        };
        let groups = usize::try_from(int(node, "group", 1)).unwrap_or(0);
        if each.checked_mul(groups) != Some(shape.channels) || kernel != width || outputs == 0 {
            let (dims, channels) = (&weight.dims, shape.channels);
            let reason =
                format!("weights {dims:?} in {groups} groups do not fit {channels} channels");
            return Err(fail(node, reason));
        }
        let windows = Windows::read(node, shape.side, Some(kernel))?;
        let bias = self.optional(node, 2)?.map(|bias| bias.values.clone());
        let bias = bias.unwrap_or_else(|| vec![0.0; outputs]);
        let op = Convolution {
            inputs: shape.channels,
            outputs,
            kernel,
            stride: windows.stride,
            padding: windows.padding,
            groups,
            norm: false,
            activation: Activation::Identity,
            dilation: windows.dilation,
            layer_scale: false,
        };
        if op.dilation > 1 && !op.is_depthwise() {
            return Err(fail(node, "dilations are supported in depthwise convolutions only"));
        }
        let op = Op::Convolution(op);
        let shape = Shape { channels: outputs, side: windows.output_side(shape.side) };
        let weight = ("weight", weight.dims, weight.values);
        let piece = Piece::Leaf(op, vec![weight, ("bias", vec![outputs], bias)]);
        self.push_piece(node, input, shape, piece);
        Ok(())
    }

    /// Channels in a row.
    fn slice(&mut self, node: &Node) -> Read {
        let input = self.value(node, 0)?;
        let shape = self.shape(input);
        let whole = |index: usize, usual: f32| -> Result<f32, ImportError> {
            match self.optional(node, index)?.map(|constant| constant.values.as_slice()) {
                None => Ok(usual),
                Some([value]) => Ok(*value),
                Some(values) => Err(fail(node, format!("it cuts {} axes at once", values.len()))),
            }
        };
        let (first, end) = (whole(1, f32::NAN)?, whole(2, f32::NAN)?);
        if (whole(3, 0.0)?, whole(4, 1.0)?) != (1.0, 1.0) {
            return Err(fail(node, "only channels in a row can be cut out, along axis 1"));
        }
        let channels = shape.channels as f32;
        let place = |at: f32| if at < 0.0 { at + channels } else { at.min(channels) };
        let (first, end) = (place(first), place(end));
        if !(first >= 0.0 && first < end) {
            return Err(fail(node, format!("no channel lies between {first} and {end}")));
        }
        let (first, count) = (first as usize, (end - first) as usize);
        let piece = Piece::Leaf(Op::Channels { first, count }, Vec::new());
        self.push_piece(node, input, Shape { channels: count, ..shape }, piece);
        Ok(())
    }

    /// Batch normalization: of the convolution before it where only it reads that, else as a
    /// convolution of every channel by 1.
    fn normalization(&mut self, node: &Node) -> Read {
        if int(node, "training_mode", 0) != 0 {
            return Err(fail(node, "it is in training mode"));
        }
        let input = self.value(node, 0)?;
        let shape = self.shape(input);
        let vector = |index: usize| -> Result<Vec<f32>, ImportError> {
            let values = &self.constant(node, index)?.values;
            if values.len() != shape.channels {
                return Err(fail(node, format!("input {index} has {} values", values.len())));
            }
            Ok(values.clone())
        };
        let (gamma, beta, mut mean) = (vector(1)?, vector(2)?, vector(3)?);
        let change = float(node, "epsilon", EPSILON) - EPSILON;
        let variance: Vec<f32> = vector(4)?.iter().map(|v| v + change).collect();
        let alone = self.is_only_reader(node, 0);
        let (op, weight, value) = match &self.values[input].item {
            Item::Piece(Piece::Leaf(Op::Convolution(c), tensors)) if alone && !c.norm => {
                let [weight, (_, _, bias)] = &tensors[..] else {
                    return Err(fail(node, "the convolution before it has other weights"));
                };
                mean.iter_mut().zip(bias).for_each(|(mean, bias)| *mean -= bias);
                let op = Convolution { norm: true, ..c.clone() };
                (op, weight.clone(), Some(input))
            }
            _ => {
                let channels = shape.channels;
                let op = Convolution {
                    inputs: channels,
                    outputs: channels,
                    kernel: 1,
                    stride: 1,
                    padding: (0, 0),
                    groups: channels,
                    norm: true,
                    activation: Activation::Identity,
                    dilation: 1,
                    layer_scale: false,
                };
                (op, ("weight", vec![channels, 1, 1, 1], vec![1.0; channels]), None)
            }
        };
        let vector = |name, values| (name, vec![shape.channels], values);
        let tensors = vec![
            weight,
            vector("norm.batch.gamma", gamma),
            vector("norm.batch.beta", beta),
            vector("norm.batch.running_mean", mean),
            vector("norm.batch.running_var", variance),
        ];
        let piece = Piece::Leaf(Op::Convolution(op), tensors);
        match value {
            Some(value) => {
                self.values[value].item = Item::Piece(piece);
                self.alias(node, value);
            }
            None => self.push_piece(node, input, shape, piece),
        }
        Ok(())
    }

    fn gemm(&mut self, node: &Node) -> Read {
        let plain = int(node, "transA", 0) == 0
            && float(node, "alpha", 1.0) == 1.0
            && float(node, "beta", 1.0) == 1.0;
        if !plain {
            return Err(fail(node, "transA, alpha and beta are not supported"));
        }
        let weight = self.constant(node, 1)?.clone();
        let bias = self.optional(node, 2)?.map(|bias| bias.values.clone());
        self.linear(node, &weight, int(node, "transB", 0) != 0, bias)
    }

    fn mat_mul(&mut self, node: &Node) -> Read {
        let weight = self.constant(node, 1)?.clone();
        self.linear(node, &weight, false, None)
    }

    fn linear(
        &mut self,
        node: &Node,
        weight: &Constant,
        transposed: bool,
        bias: Option<Vec<f32>>,
    ) -> Read {
        let input = self.value(node, 0)?;
        let inputs = self.shape(input).numbers();
        let [rows, columns] = weight.dims[..] else {
            return Err(fail(node, format!("its weights have shape {:?}", weight.dims)));
        };
        let (outputs, depth) = if transposed { (rows, columns) } else { (columns, rows) };
        if depth != inputs {
            return Err(fail(node, format!("it takes {depth} numbers and gets {inputs}")));
        }
        let at = |o: usize, i: usize| match transposed {
            true => weight.values[o * inputs + i],
            false => weight.values[i * outputs + o],
        };
        let values = (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i)));
        let values: Vec<f32> = values.map(|(o, i)| at(o, i)).collect();
        let bias = match bias {
            None => vec![0.0; outputs],
            Some(bias) if bias.len() == outputs => bias,
            Some(bias) if bias.len() == 1 => vec![bias[0]; outputs],
            Some(bias) => return Err(fail(node, format!("its bias has {} values", bias.len()))),
        };
        let op = Op::Linear { inputs, outputs, activation: Activation::Identity };
        let weight = ("weight", vec![outputs, inputs], values);
        let piece = Piece::Leaf(op, vec![weight, ("bias", vec![outputs], bias)]);
        self.push_piece(node, input, Shape { channels: outputs, side: 1.into() }, piece);
        Ok(())
    }

    fn pool(&mut self, node: &Node, kind: Pooling) -> Read {
        let input = self.value(node, 0)?;
        let shape = self.shape(input);
        let windows = Windows::read(node, shape.side, None)?;
        let Windows { kernel, stride, padding, dilation } = windows;
        if dilation != 1 {
            return Err(fail(node, "dilations are supported in depthwise convolutions only"));
        }
        if padding.0 != padding.1 {
            return Err(fail(node, format!("its padding differs: {padding:?}")));
        }
        let counts = padding.0 == 0 || int(node, "count_include_pad", 0) != 0;
        if kind == Pooling::Average && !counts {
            return Err(fail(node, "means that leave out the border are not supported"));
        }
        let op = Op::Pool { kind, kernel, stride, padding: padding.0 };
        let shape = Shape { side: windows.output_side(shape.side), ..shape };
        self.push_piece(node, input, shape, Piece::Leaf(op, Vec::new()));
        Ok(())
    }

    fn mean(&mut self, node: &Node) -> Read {
        let input = self.value(node, 0)?;
        if node.op_type == "ReduceMean" {
            let given: Vec<f32> = match self.optional(node, 1)? {
                Some(axes) => axes.values.clone(),
                None => ints(node, "axes").iter().map(|axis| *axis as f32).collect(),
            };
            if given != [2.0, 3.0] && given != [-2.0, -1.0] && given != [-1.0, -2.0] {
                return Err(fail(node, format!("means over the axes {given:?} are not supported")));
            }
        }
        let shape = Shape { side: 1.into(), ..self.shape(input) };
        self.push_piece(node, input, shape, Piece::Leaf(Op::GlobalAvgPool, Vec::new()));
        Ok(())
    }

    fn activation(&mut self, node: &Node) -> Read {
        let near = |name: &str, default: f32, wanted: f32| {
            (float(node, name, default) - wanted).abs() < 1e-4
        };
        let activation = match node.op_type.as_str() {
            "Relu" => Activation::Relu,
            "HardSwish" => Activation::HardSwish,
            "Sigmoid" => Activation::Sigmoid,
            "Tanh" => Activation::Tanh,
            "Gelu" => Activation::Gelu,
            "LeakyRelu" if near("alpha", 0.01, 0.01) => Activation::LeakyRelu,
            "HardSigmoid" if near("alpha", 0.2, 1.0 / 6.0) && near("beta", 0.5, 0.5) => {
                Activation::HardSigmoid
            }
            "LeakyRelu" | "HardSigmoid" => {
                return Err(fail(node, "its slope is another one than the network's"));
            }
            _ => return Err(fail(node, "the operator is not supported")),
        };
        let input = self.value(node, 0)?;
        self.push_piece(node, input, self.shape(input), Piece::activation(activation));
        Ok(())
    }

    fn clip(&mut self, node: &Node) -> Read {
        let input = self.value(node, 0)?;
        let limit = |index: usize, name: &str, default: f32| -> Result<f32, ImportError> {
            let given = self.optional(node, index)?.and_then(|c| c.values.first().copied());
            Ok(given.unwrap_or_else(|| float(node, name, default)))
        };
        let limits = (limit(1, "min", f32::MIN)?, limit(2, "max", f32::MAX)?);
        let item = if limits == (0.0, 6.0) {
            Item::Piece(Piece::activation(Activation::Relu6))
        } else if limits == (0.0, 1.0) {
            Item::Gate(Gate::Clamp)
        } else if limits.0 == 0.0 && limits.1 >= f32::MAX {
            Item::Piece(Piece::activation(Activation::Relu))
        } else {
            return Err(fail(node, format!("limits {limits:?} are not supported")));
        };
        self.push(node, vec![input], self.shape(input), item);
        Ok(())
    }

    /// A change of the shape that keeps the numbers in their order.
    fn reshape(&mut self, node: &Node) -> Read {
        let input = self.value(node, 0)?;
        let (channels, side) = (self.shape(input).channels, self.shape(input).side);
        let is_flat = match node.op_type.as_str() {
            "Flatten" => int(node, "axis", 1) == 1,
            "Reshape" => {
                let numbers = self.shape(input).numbers() as f32;
                matches!(self.constant(node, 1)?.values[..], [_, n] if n == -1.0 || n == numbers)
            }
            _ => false,
        };
        if !is_flat && side != 1 {
            return Err(fail(node, format!("maps of {channels} channels keep their shape")));
        }
        self.alias(node, input);
        Ok(())
    }

    fn softmax(&mut self, node: &Node) -> Read {
        let input = self.value(node, 0)?;
        if !self.is_output(node) {
            return Err(fail(node, "it is supported at the end only"));
        }
        self.notes.push(format!("{} at the end is left out: scores are logits", node.op_type));
        self.alias(node, input);
        Ok(())
    }

    fn named_constant(&mut self, node: &Node) -> Read {
        let tensor = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
        let Some((tensor, name)) = tensor.zip(node.output.first()) else {
            return Err(fail(node, "it has no tensor"));
        };
        self.constants.insert(name.clone(), Constant::read(tensor)?);
        Ok(())
    }
}
