//! The GELU written as x (1 + erf(x / √2)) / 2, node by node, as exporters do below opset 20.

use super::attributes::fail;
use super::constants::Constant;
use super::error::ImportError;
use super::piece::Piece;
use super::reader::Reader;
use super::values::{GeluPart, Item};
use crate::onnx::proto::Node;
use automl_arch::Activation;

impl Reader {
    /// Reads an operation with a constant that is a part of a GELU; whether it is one.
    pub(super) fn gelu_constant(&mut self, node: &Node, input: usize, constant: &Constant) -> bool {
        let [constant] = constant.values[..] else { return false };
        let is = |wanted: f32| (constant - wanted).abs() < 1e-4;
        let root = |reader: &Self| reader.values[input].inputs[0];
        match (node.op_type.as_str(), &self.values[input].item) {
            ("Mul", Item::Gelu(GeluPart::Product)) if is(0.5) => {
                let root = root(self);
                let gelu = Piece::activation(Activation::Gelu);
                self.push_piece(node, root, self.shape(input), gelu);
            }
            ("Add", Item::Gelu(GeluPart::Erf)) if is(1.0) => {
                let root = root(self);
                self.push(node, vec![root], self.shape(input), Item::Gelu(GeluPart::Sum));
            }
            ("Mul", _) if is(std::f32::consts::FRAC_1_SQRT_2) => {
                self.push(node, vec![input], self.shape(input), Item::Gelu(GeluPart::Scaled));
            }
            ("Div", _) if is(std::f32::consts::SQRT_2) => {
                self.push(node, vec![input], self.shape(input), Item::Gelu(GeluPart::Scaled));
            }
            _ => return false,
        }
        true
    }

    /// Reads an error function, which is known as a part of a GELU only.
    pub(super) fn erf(&mut self, node: &Node) -> Result<(), ImportError> {
        let input = self.value(node, 0)?;
        if !matches!(self.values[input].item, Item::Gelu(GeluPart::Scaled)) {
            return Err(fail(node, "it is known as a part of GELU only"));
        }
        let root = self.values[input].inputs[0];
        self.push(node, vec![root], self.shape(input), Item::Gelu(GeluPart::Erf));
        Ok(())
    }

    /// Whether a value is 1 + erf(x / √2).
    pub(super) fn is_gelu_sum(&self, value: usize, x: usize) -> bool {
        let value = &self.values[value];
        matches!(value.item, Item::Gelu(GeluPart::Sum)) && value.inputs[0] == x
    }
}
