//! Lowering of a graph with its weights to a program.

use crate::fold::Norm;
use crate::nonlinearity::Nonlinearity;
use crate::operation::{ChannelConvolution, Convolution, Linear, Operation};
use crate::program::{Program, Shape, Step, ValueId};
use crate::weights::Weights;
use automl_arch::{Activation, Gate, Graph, Op, folded_convolution};
use std::collections::BTreeSet;
use thiserror::Error;

/// Weights that do not fit their graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LowerError {
    /// A tensor is missing.
    #[error("the weights lack {name}")]
    Missing {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor belongs to no layer.
    #[error("{name} belongs to no layer of the network")]
    Unknown {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor has another shape than in the network.
    #[error(
        "{name} has shape {found:?} and {numbers} numbers, the network's has shape {expected:?}"
    )]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// Its number of values.
        numbers: usize,
        /// Its shape in the network.
        expected: Vec<usize>,
    },
    /// A tensor has a value that is not finite.
    #[error("{name} has a value that is NaN or infinite")]
    NotFinite {
        /// Name of the tensor.
        name: String,
    },
}

impl Program {
    /// Lowers a graph with its weights, of which batch normalization is folded.
    ///
    /// # Errors
    /// [`LowerError`] for a tensor that is missing, superfluous, of another shape, or not finite.
    pub fn lower(graph: &Graph, weights: &Weights) -> Result<Self, LowerError> {
        let input = Shape { channels: graph.input_channels, side: graph.input_side };
        let mut lowering =
            Lowering { weights, used: BTreeSet::new(), values: vec![input], steps: Vec::new() };
        let output = lowering.chain("layers", &graph.nodes, Self::INPUT)?;
        let Lowering { used, values, steps, .. } = lowering;
        if let Some(tensor) = weights.iter().find(|tensor| !used.contains(&tensor.name)) {
            return Err(LowerError::Unknown { name: tensor.name.clone() });
        }
        Ok(Self { values, steps, output, classes: graph.classes })
    }
}

type Lowered<T> = Result<T, LowerError>;

/// The program so far.
struct Lowering<'a> {
    weights: &'a Weights,
    /// Names of the tensors that were read.
    used: BTreeSet<String>,
    values: Vec<Shape>,
    steps: Vec<Step>,
}

impl<'a> Lowering<'a> {
    /// Lowers a chain; the value of its output.
    fn chain(&mut self, place: &str, nodes: &[Op], input: ValueId) -> Lowered<ValueId> {
        let first = self.steps.len();
        let mut value = input;
        for (index, node) in nodes.iter().enumerate() {
            // Only the next node of the chain reads what a step of the chain has computed.
            let own = self.steps.len() > first;
            value = self.node(&format!("{place}.{index}"), node, value, own)?;
        }
        Ok(value)
    }

    /// Lowers one node; `own` tells that only this node reads `input`.
    fn node(&mut self, place: &str, node: &Op, input: ValueId, own: bool) -> Lowered<ValueId> {
        let shape = self.values[input];
        match node {
            Op::Convolution(spec) => {
                let name = format!("{place}.Convolution");
                let convolution = self.convolution(&name, spec)?;
                let shape =
                    Shape { channels: spec.outputs, side: convolution.output_side(shape.side) };
                Ok(self.push(name, &[input], shape, Operation::Convolution(convolution)))
            }
            Op::Linear { inputs, outputs, activation } => {
                let name = format!("{place}.Linear");
                let (inputs, outputs) = (*inputs, *outputs);
                let linear = Linear {
                    inputs,
                    outputs,
                    weight: self.tensor(&name, "weight", &[outputs, inputs])?.to_vec(),
                    bias: self.tensor(&name, "bias", &[outputs])?.to_vec(),
                    activation: (*activation).into(),
                };
                let shape = Shape { channels: outputs, side: 1.into() };
                Ok(self.push(name, &[input], shape, Operation::Linear(linear)))
            }
            Op::Pool { kind, kernel, stride, padding } => {
                let (kind, kernel, stride, padding) = (*kind, *kernel, *stride, *padding);
                let side =
                    shape.side.map(|n| (n + 2 * padding).saturating_sub(kernel) / stride + 1);
                let pool = Operation::Pool { kind, kernel, stride, padding };
                Ok(self.push(format!("{place}.Pool"), &[input], Shape { side, ..shape }, pool))
            }
            Op::GlobalAvgPool => Ok(self.mean(&format!("{place}.GlobalAvgPool"), input)),
            Op::Activation(activation) => Ok(self.activation(place, *activation, input, own)),
            Op::SqueezeExcite { squeeze, activation, gate, .. } => {
                let name = format!("{place}.SqueezeExcite");
                self.squeeze_excite(&name, *squeeze, *activation, *gate, input)
            }
            Op::ChannelAttention { kernel } => {
                let name = format!("{place}.ChannelAttention");
                self.channel_attention(&name, *kernel, input)
            }
            Op::Channels { first, count } => {
                let (shape, first) = (Shape { channels: *count, ..shape }, *first);
                let name = format!("{place}.Channels");
                Ok(self.push(name, &[input], shape, Operation::Channels { first }))
            }
            Op::Sum { body, shortcut } if let Some(spec) = folded_convolution(body, shortcut) => {
                let name = format!("{place}.Sum");
                let convolution = self.folded(&name, body, shortcut, &spec)?;
                let shape = Shape { side: convolution.output_side(shape.side), ..shape };
                Ok(self.push(name, &[input], shape, Operation::Convolution(convolution)))
            }
            Op::Sum { body, shortcut } => {
                let main = self.chain(&format!("{place}.Sum.body"), body, input)?;
                let other = self.chain(&format!("{place}.Sum.shortcut"), shortcut, input)?;
                let (shape, add) = (self.values[main], Operation::Add(Nonlinearity::Identity));
                Ok(self.push(format!("{place}.Sum"), &[main, other], shape, add))
            }
            Op::Product { first, second } => {
                let one = self.chain(&format!("{place}.Product.first"), first, input)?;
                let two = self.chain(&format!("{place}.Product.second"), second, input)?;
                let shape = self.values[one];
                Ok(self.push(format!("{place}.Product"), &[one, two], shape, Operation::Scale))
            }
            Op::Concat { first, second } => {
                let one = self.chain(&format!("{place}.Concat.first"), first, input)?;
                let two = self.chain(&format!("{place}.Concat.second"), second, input)?;
                let (a, b) = (self.values[one], self.values[two]);
                let shape = Shape { channels: a.channels + b.channels, side: a.side };
                let name = format!("{place}.Concat");
                Ok(self.push(name, &[one, two], shape, Operation::Concat))
            }
        }
    }

    /// The sum of depthwise convolutions as the one convolution that equals it.
    fn folded(
        &mut self,
        place: &str,
        body: &[Op],
        shortcut: &[Op],
        spec: &automl_arch::Convolution,
    ) -> Lowered<Convolution> {
        let taps = spec.kernel * spec.kernel;
        let mut weight = vec![0.0; spec.outputs * taps];
        let mut bias = vec![0.0; spec.outputs];
        for (name, nodes) in [("body", body), ("shortcut", shortcut)] {
            let place = format!("{place}.{name}");
            let part = match nodes {
                [Op::Convolution(own)] => {
                    Some(self.convolution(&format!("{place}.0.Convolution"), own)?)
                }
                [Op::Sum { body, shortcut }] => {
                    let inner = folded_convolution(body, shortcut);
                    let place = format!("{place}.0.Sum");
                    inner.map(|own| self.folded(&place, body, shortcut, &own)).transpose()?
                }
                _ => None,
            };
            let Some(part) = part else {
                // The input itself: 1 in the middle of each kernel.
                weight.iter_mut().skip(taps / 2).step_by(taps).for_each(|w| *w += 1.0);
                continue;
            };
            bias.iter_mut().zip(&part.bias).for_each(|(sum, own)| *sum += own);
            let border = (spec.kernel - part.kernel) / 2;
            for (index, value) in part.weight.iter().enumerate() {
                let (channel, tap) = (index / part.filter_len(), index % part.filter_len());
                let (row, column) = (tap / part.kernel + border, tap % part.kernel + border);
                weight[channel * taps + row * spec.kernel + column] += value;
            }
        }
        Ok(with_weights(spec, weight, bias, Nonlinearity::Identity))
    }

    fn convolution(&mut self, name: &str, spec: &automl_arch::Convolution) -> Lowered<Convolution> {
        let weight = self.tensor(name, "weight", &spec.weight_shape())?;
        let (weight, bias) = if spec.norm {
            let norm = Norm {
                gamma: self.tensor(name, "norm.batch.gamma", &[spec.outputs])?,
                beta: self.tensor(name, "norm.batch.beta", &[spec.outputs])?,
                mean: self.tensor(name, "norm.batch.running_mean", &[spec.outputs])?,
                variance: self.tensor(name, "norm.batch.running_var", &[spec.outputs])?,
            };
            let (mut weight, mut bias) = norm.fold(weight);
            if spec.layer_scale {
                let factors = self.tensor(name, "layer_scale", &[spec.outputs])?;
                let filter = (weight.len() / spec.outputs.max(1)).max(1);
                let filters = weight.chunks_mut(filter).zip(&mut bias).zip(factors);
                filters.for_each(|((filter, bias), factor)| {
                    filter.iter_mut().chain([bias]).for_each(|x| *x *= factor);
                });
            }
            (weight, bias)
        } else {
            (weight.to_vec(), self.tensor(name, "bias", &[spec.outputs])?.to_vec())
        };
        Ok(with_weights(spec, weight, bias, spec.activation.into()))
    }

    /// An activation on its own, as part of the step before where that is possible.
    fn activation(
        &mut self,
        place: &str,
        activation: Activation,
        input: ValueId,
        own: bool,
    ) -> ValueId {
        let activation = Nonlinearity::from(activation);
        if activation == Nonlinearity::Identity {
            return input;
        }
        let last = self.steps.last_mut().filter(|step| own && step.output == input);
        let fused = last.and_then(|step| step.operation.activation_mut());
        if let Some(fused) = fused.filter(|fused| **fused == Nonlinearity::Identity) {
            *fused = activation;
            return input;
        }
        let shape = self.values[input];
        let name = format!("{place}.Activation");
        self.push(name, &[input], shape, Operation::Activation(activation))
    }

    fn squeeze_excite(
        &mut self,
        name: &str,
        squeeze: usize,
        activation: Activation,
        gate: Gate,
        input: ValueId,
    ) -> Lowered<ValueId> {
        let shape = self.values[input];
        let mut value = self.mean(&format!("{name}.mean"), input);
        let layers: [(&str, Nonlinearity, usize); 2] =
            [("reduce", activation.into(), squeeze), ("expand", gate.into(), shape.channels)];
        for (layer, activation, outputs) in layers {
            let inputs = self.values[value].channels;
            let weight = self.tensor(name, layer, &[outputs, inputs])?.to_vec();
            let bias = self.tensor(name, &format!("{layer}_bias"), &[outputs])?.to_vec();
            let (kernel, stride, padding, groups, dilation) = (1, 1, (0, 0), 1, 1);
            let convolution = Operation::Convolution(Convolution {
                inputs,
                outputs,
                kernel,
                stride,
                padding,
                groups,
                dilation,
                weight,
                bias,
                activation,
            });
            let shape = Shape { channels: outputs, side: 1.into() };
            value = self.push(format!("{name}.{layer}"), &[value], shape, convolution);
        }
        Ok(self.push(name.to_owned(), &[input, value], shape, Operation::Scale))
    }

    fn channel_attention(&mut self, name: &str, kernel: usize, input: ValueId) -> Lowered<ValueId> {
        let weight = self.tensor(name, "weight", &[1, 1, kernel])?.to_vec();
        let mean = self.mean(&format!("{name}.mean"), input);
        let activation = Nonlinearity::Sigmoid;
        let along = Operation::ChannelConvolution(ChannelConvolution { weight, activation });
        let gate = self.push(format!("{name}.gate"), &[mean], self.values[mean], along);
        Ok(self.push(name.to_owned(), &[input, gate], self.values[input], Operation::Scale))
    }

    fn mean(&mut self, name: &str, input: ValueId) -> ValueId {
        let shape = self.values[input];
        if shape.side == 1 {
            return input;
        }
        let shape = Shape { side: 1.into(), ..shape };
        self.push(name.to_owned(), &[input], shape, Operation::GlobalAveragePool)
    }

    fn push(
        &mut self,
        name: String,
        inputs: &[ValueId],
        shape: Shape,
        operation: Operation,
    ) -> ValueId {
        let output = self.values.len();
        self.values.push(shape);
        self.steps.push(Step { name, inputs: inputs.to_vec(), output, operation });
        output
    }

    /// The values of a layer's tensor, checked.
    fn tensor(&mut self, layer: &str, part: &str, shape: &[usize]) -> Lowered<&'a [f32]> {
        let name = format!("{layer}.{part}");
        let Some(tensor) = self.weights.get(&name) else {
            return Err(LowerError::Missing { name });
        };
        let numbers = tensor.values.len();
        if tensor.shape != shape || numbers != shape.iter().product::<usize>() {
            let (found, expected) = (tensor.shape.clone(), shape.to_vec());
            return Err(LowerError::Shape { name, found, numbers, expected });
        }
        if !tensor.values.iter().all(|x| x.is_finite()) {
            return Err(LowerError::NotFinite { name });
        }
        self.used.insert(name);
        Ok(&tensor.values)
    }
}

/// A convolution with its folded weights.
fn with_weights(
    spec: &automl_arch::Convolution,
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Nonlinearity,
) -> Convolution {
    Convolution {
        inputs: spec.inputs,
        outputs: spec.outputs,
        kernel: spec.kernel,
        stride: spec.stride,
        padding: spec.padding,
        groups: spec.groups,
        dilation: spec.dilation,
        weight,
        bias,
        activation,
    }
}
