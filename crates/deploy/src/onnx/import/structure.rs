//! Chains and branches of a model's values.

use super::error::ImportError;
use super::piece::{Piece, fuse};
use super::values::{Item, Value, dominators};
use std::collections::HashSet;

/// The chain of pieces from the input to a value.
///
/// A sum, product or concatenation is one piece of the chain, with branches from the value that all of its
/// inputs stand behind (their common dominator) to each input.
pub(super) fn chain(values: &[Value], output: usize) -> Result<Vec<Piece>, ImportError> {
    let mut walk = Walk { values, dominators: dominators(values), seen: HashSet::new() };
    walk.chain(output, 0)
}

struct Walk<'a> {
    values: &'a [Value],
    dominators: Vec<usize>,
    /// Values that are part of a chain.
    seen: HashSet<usize>,
}

impl Walk<'_> {
    fn chain(&mut self, end: usize, start: usize) -> Result<Vec<Piece>, ImportError> {
        let mut pieces = Vec::new();
        let mut at = end;
        while at != start {
            let values = self.values;
            let value = &values[at];
            let fail = |reason: &str| ImportError::Node {
                node: value.node.clone(),
                operator: value.operator.clone(),
                reason: reason.to_owned(),
            };
            if !self.seen.insert(at) {
                return Err(fail(
                    "several branches read it that do not join before the next layer",
                ));
            }
            let fork = self.dominators[at];
            match &value.item {
                Item::Piece(piece) => {
                    pieces.push(piece.clone());
                    at = value.inputs[0];
                }
                Item::Add => {
                    let [a, b] = value.inputs[..] else { return Err(fail("it needs two values")) };
                    let (a, b) = (self.chain(a, fork)?, self.chain(b, fork)?);
                    // The main branch is the one with layers.
                    pieces.push(Piece::Sum(if a.is_empty() { [b, a] } else { [a, b] }));
                    at = fork;
                }
                Item::Multiply => {
                    let [a, b] = value.inputs[..] else { return Err(fail("it needs two values")) };
                    pieces.push(Piece::Product([self.chain(a, fork)?, self.chain(b, fork)?]));
                    at = fork;
                }
                Item::Concat => {
                    pieces.push(self.concat(&value.inputs, fork)?);
                    at = fork;
                }
                Item::Gate(_) | Item::Along(_) | Item::Gelu(_) => {
                    return Err(fail("it is known as a part of channel attention or GELU only"));
                }
                Item::Input => return Err(fail("it is not read from the input")),
            }
        }
        pieces.reverse();
        Ok(fuse(pieces))
    }

    /// The concatenation of two values or more, of more than two by concatenations in a branch.
    fn concat(&mut self, inputs: &[usize], fork: usize) -> Result<Piece, ImportError> {
        let (first, rest) = (inputs[0], &inputs[1..]);
        let first = self.chain(first, fork)?;
        let second = match rest {
            [last] => self.chain(*last, fork)?,
            more => vec![self.concat(more, fork)?],
        };
        Ok(Piece::Concat([first, second]))
    }
}
