//! Operators with two values, or a value and a constant.

use super::attributes::{fail, int};
use super::error::ImportError;
use super::piece::Piece;
use super::reader::Reader;
use super::values::Item;
use crate::onnx::proto::Node;
use crate::program::Shape;
use automl_arch::{Activation, Convolution, Op};

type Read = Result<(), ImportError>;

impl Reader {
    /// `Add`, `Sub`, `Mul` and `Div`.
    pub(super) fn arithmetic(&mut self, node: &Node) -> Read {
        match (self.is_constant(node, 0), self.is_constant(node, 1)) {
            (false, true) => self.with_constant(node, 0, 1),
            (true, false) if matches!(node.op_type.as_str(), "Add" | "Mul") => {
                self.with_constant(node, 1, 0)
            }
            (false, false) => {
                let (a, b) = (self.value(node, 0)?, self.value(node, 1)?);
                match node.op_type.as_str() {
                    "Add" => self.sum(node, a, b),
                    "Mul" => self.product(node, a, b),
                    _ => Err(fail(node, "the operator is not supported on two values")),
                }
            }
            _ => Err(fail(node, "the operator is not supported on constants")),
        }
    }

    fn sum(&mut self, node: &Node, a: usize, b: usize) -> Read {
        if self.shape(a) != self.shape(b) {
            return Err(fail(node, "it adds values of different shapes"));
        }
        self.push(node, vec![a, b], self.shape(a), Item::Add);
        Ok(())
    }

    /// A constant is a part of the normalization in front, or the bias of the layer before.
    fn with_constant(&mut self, node: &Node, value: usize, constant: usize) -> Read {
        let alone = self.is_only_reader(node, value);
        let input = self.value(node, value)?;
        let channels = self.shape(input).channels;
        let constant = self.constant(node, constant)?.clone();
        let operator = node.op_type.as_str();
        if input == 0 && alone {
            let Some(x) = constant.by_channel(channels) else {
                return Err(fail(node, format!("its constant has shape {:?}", constant.dims)));
            };
            let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
            match operator {
                "Add" => self.affine.then(&ones, &x),
                "Sub" => self.affine.then(&ones, &x.iter().map(|x| -x).collect::<Vec<_>>()),
                "Mul" => self.affine.then(&x, &zeros),
                _ => self.affine.then(&x.iter().map(|x| 1.0 / x).collect::<Vec<_>>(), &zeros),
            }
            self.alias(node, 0);
            return Ok(());
        }
        if operator == "Add"
            && alone
            && let Item::Piece(Piece::Leaf(op, tensors)) = &mut self.values[input].item
            && let Some((_, _, bias)) = tensors.iter_mut().find(|(name, ..)| *name == "bias")
            && has_plain_output(op)
            && matches!(constant.values.len(), n if n == bias.len() || n == 1)
        {
            let more = constant.values.iter().cycle();
            bias.iter_mut().zip(more).for_each(|(bias, more)| *bias += more);
            self.alias(node, input);
            return Ok(());
        }
        if self.gelu_constant(node, input, &constant) {
            return Ok(());
        }
        Err(fail(node, "constants are supported in front, and as the bias of a layer"))
    }

    pub(super) fn concat(&mut self, node: &Node) -> Read {
        if !matches!(int(node, "axis", 1), 1 | -3) {
            return Err(fail(node, "it joins along another axis than the channels"));
        }
        let inputs = (0..node.input.len()).map(|index| self.value(node, index));
        let inputs: Vec<usize> = inputs.collect::<Result<_, _>>()?;
        let Some(&first) = inputs.first() else { return Err(fail(node, "it has no input")) };
        let side = self.shape(first).side;
        if inputs.iter().any(|&input| self.shape(input).side != side) {
            return Err(fail(node, "it joins maps of different sides"));
        }
        if inputs.len() == 1 {
            self.alias(node, first);
            return Ok(());
        }
        let channels = inputs.iter().map(|&input| self.shape(input).channels).sum();
        self.push(node, inputs, Shape { channels, side }, Item::Concat);
        Ok(())
    }
}

/// Whether a layer's output is its sum of products and bias.
fn has_plain_output(op: &Op) -> bool {
    match op {
        Op::Convolution(Convolution { norm, activation, .. }) => {
            !norm && *activation == Activation::Identity
        }
        Op::Linear { activation, .. } => *activation == Activation::Identity,
        _ => false,
    }
}
