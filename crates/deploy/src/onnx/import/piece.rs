//! Operations with their tensors, before they have a place in a graph.

use crate::weights::Tensor;
use automl_arch::{Activation, Op};

/// An operation with its tensors.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// A primitive operation; tensors by the ends of their names.
    Leaf(Op, Vec<(&'static str, Vec<usize>, Vec<f32>)>),
    /// The sum of two branches.
    Sum([Vec<Piece>; 2]),
    /// The concatenation of two branches.
    Concat([Vec<Piece>; 2]),
    /// The product of two branches.
    Product([Vec<Piece>; 2]),
}

impl Piece {
    /// An activation on its own.
    pub(super) fn activation(activation: Activation) -> Self {
        Self::Leaf(Op::Activation(activation), Vec::new())
    }

    /// The activation of a layer that can have one.
    fn fused(&mut self) -> Option<&mut Activation> {
        match self {
            Self::Leaf(Op::Convolution(convolution), _) => Some(&mut convolution.activation),
            Self::Leaf(Op::Linear { activation, .. }, _) => Some(activation),
            _ => None,
        }
    }
}

/// Makes activations a part of the layer before them, where that has none.
pub(super) fn fuse(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut fused: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if let Piece::Leaf(Op::Activation(activation), _) = &piece
            && let Some(own) = fused.last_mut().and_then(Piece::fused)
            && *own == Activation::Identity
        {
            *own = *activation;
            continue;
        }
        fused.push(piece);
    }
    fused
}

/// The nodes of a chain of pieces; their tensors are appended with full names.
pub(super) fn lay_out(place: &str, pieces: Vec<Piece>, tensors: &mut Vec<Tensor>) -> Vec<Op> {
    let mut nodes = Vec::with_capacity(pieces.len());
    for (index, piece) in pieces.into_iter().enumerate() {
        let place = format!("{place}.{index}");
        let mut branch =
            |name: &str, pieces: Vec<Piece>| lay_out(&format!("{place}.{name}"), pieces, tensors);
        nodes.push(match piece {
            Piece::Sum([body, shortcut]) => {
                let body = branch("Sum.body", body);
                Op::Sum { body, shortcut: branch("Sum.shortcut", shortcut) }
            }
            Piece::Concat([first, second]) => {
                let first = branch("Concat.first", first);
                Op::Concat { first, second: branch("Concat.second", second) }
            }
            Piece::Product([first, second]) => {
                let first = branch("Product.first", first);
                Op::Product { first, second: branch("Product.second", second) }
            }
            Piece::Leaf(op, own) => {
                let kind = match &op {
                    Op::Convolution(_) => "Convolution",
                    Op::Linear { .. } => "Linear",
                    Op::SqueezeExcite { .. } => "SqueezeExcite",
                    _ => "ChannelAttention",
                };
                tensors.extend(own.into_iter().map(|(end, shape, values)| Tensor {
                    name: format!("{place}.{kind}.{end}"),
                    shape,
                    values,
                }));
                op
            }
        });
    }
    nodes
}
