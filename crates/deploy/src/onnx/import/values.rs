//! Values of a model, with the operations that compute them.

use super::piece::Piece;
use crate::program::Shape;
use automl_arch::Gate;

/// A value of the model. Values are in topological order.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) shape: Shape,
    /// The values that are read.
    pub(super) inputs: Vec<usize>,
    pub(super) item: Item,
    /// Name of the node, for messages.
    pub(super) node: String,
    pub(super) operator: String,
}

/// The computation of a value.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// The input of the model.
    Input,
    /// An operation of one value.
    Piece(Piece),
    /// A sum of two values.
    Add,
    /// A product of two values.
    Multiply,
    /// A concatenation of two values or more.
    Concat,
    /// A function of one value that is known as a gate only.
    Gate(Gate),
    /// A convolution along channels, known before a gate only.
    Along(Vec<f32>),
    /// A part of a GELU of the value that is read.
    Gelu(GeluPart),
}

/// The values on the way to x (1 + erf(x / √2)) / 2.
#[derive(Clone, Copy, Debug)]
pub(super) enum GeluPart {
    /// x / √2
    Scaled,
    /// erf(x / √2)
    Erf,
    /// 1 + erf(x / √2)
    Sum,
    /// x (1 + erf(x / √2))
    Product,
}

/// For each value, the last value before it on all ways from the input: the immediate dominator.
///
/// # Source
/// Cooper, Harvey & Kennedy 2001, "A simple, fast dominance algorithm"; in topological order one
/// pass is enough.
pub(super) fn dominators(values: &[Value]) -> Vec<usize> {
    let mut immediate: Vec<usize> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let common = value.inputs.iter().copied().reduce(|mut a, mut b| {
            while a != b {
                let later = if a > b { &mut a } else { &mut b };
                *later = immediate[*later];
            }
            a
        });
        immediate.push(common.unwrap_or(index));
    }
    immediate
}
