//! The state of reading a model node by node.

use super::attributes::fail;
use super::constants::Constant;
use super::error::ImportError;
use super::input::{self, Affine};
use super::piece::Piece;
use super::structure::chain;
use super::values::{Item, Value};
use crate::onnx::proto::{Graph, Node, StringEntry};
use crate::program::Shape;
use crate::record::NetworkFile;
use automl_extent::Extent;
use std::collections::{HashMap, HashSet};

/// What is known of a model so far.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) constants: HashMap<String, Constant>,
    /// Values by the names of the model; operations that change no number give one value several
    /// names.
    names: HashMap<String, usize>,
    pub(super) values: Vec<Value>,
    /// How often each name is read.
    uses: HashMap<String, usize>,
    outputs: HashSet<String>,
    /// The normalization in front.
    pub(super) affine: Affine,
    /// What a user should know.
    pub(super) notes: Vec<String>,
}

impl Reader {
    pub(super) fn new(graph: &Graph, side: Option<Extent>) -> Result<Self, ImportError> {
        let (name, shape) = input::find(graph, side)?;
        let mut constants = HashMap::new();
        for tensor in &graph.initializer {
            constants.insert(tensor.name.clone(), Constant::read(tensor)?);
        }
        let outputs: HashSet<String> = graph.output.iter().map(|o| o.name.clone()).collect();
        let mut uses = HashMap::new();
        let read = graph.node.iter().flat_map(|node| &node.input).chain(&outputs);
        read.for_each(|name| *uses.entry(name.clone()).or_insert(0) += 1);
        let value = Value {
            shape,
            inputs: Vec::new(),
            item: Item::Input,
            node: name.clone(),
            operator: "input".to_owned(),
        };
        Ok(Self {
            constants,
            names: HashMap::from([(name, 0)]),
            values: vec![value],
            uses,
            outputs,
            affine: Affine::new(shape.channels),
            notes: Vec::new(),
        })
    }

    /// Shape of the input.
    pub(super) fn input_shape(&self) -> Shape {
        self.values[0].shape
    }

    /// The value of an input of a node.
    pub(super) fn value(&self, node: &Node, index: usize) -> Result<usize, ImportError> {
        let Some(name) = node.input.get(index) else {
            return Err(fail(node, format!("it has no input {index}")));
        };
        let known = self.names.get(name).copied();
        known.ok_or_else(|| fail(node, format!("the input {name:?} is not a value of images")))
    }

    /// Whether an input of a node is a constant.
    pub(super) fn is_constant(&self, node: &Node, index: usize) -> bool {
        node.input.get(index).is_some_and(|name| self.constants.contains_key(name))
    }

    /// The constant that an input of a node is; `None` where the input is left out.
    pub(super) fn optional(
        &self,
        node: &Node,
        index: usize,
    ) -> Result<Option<&Constant>, ImportError> {
        let Some(name) = node.input.get(index).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let known = self.constants.get(name);
        known.map(Some).ok_or_else(|| fail(node, format!("the input {name:?} is not a constant")))
    }

    /// As [`Reader::optional`], of an input that there must be.
    pub(super) fn constant(&self, node: &Node, index: usize) -> Result<&Constant, ImportError> {
        let found = self.optional(node, index)?;
        found.ok_or_else(|| fail(node, format!("it has no input {index}")))
    }

    pub(super) fn shape(&self, value: usize) -> Shape {
        self.values[value].shape
    }

    /// Whether only this node reads an input.
    pub(super) fn is_only_reader(&self, node: &Node, index: usize) -> bool {
        node.input.get(index).and_then(|name| self.uses.get(name)) == Some(&1)
    }

    /// Whether the model ends with a node.
    pub(super) fn is_output(&self, node: &Node) -> bool {
        node.output.first().is_some_and(|name| self.outputs.contains(name))
    }

    /// Adds the value of a node.
    pub(super) fn push(&mut self, node: &Node, inputs: Vec<usize>, shape: Shape, item: Item) {
        let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
        self.values.push(Value {
            shape,
            inputs,
            item,
            node: name.cloned().unwrap_or_default(),
            operator: node.op_type.clone(),
        });
        self.alias(node, self.values.len() - 1);
    }

    /// Adds the value of an operation of one value.
    pub(super) fn push_piece(&mut self, node: &Node, input: usize, shape: Shape, piece: Piece) {
        self.push(node, vec![input], shape, Item::Piece(piece));
    }

    /// Gives a value the name of a node's output.
    pub(super) fn alias(&mut self, node: &Node, value: usize) {
        if let Some(name) = node.output.first() {
            self.names.insert(name.clone(), value);
        }
    }

    /// The chain of the whole model, and the shape of its output.
    pub(super) fn pieces(&self, graph: &Graph) -> Result<(Vec<Piece>, Shape), ImportError> {
        let outputs: Vec<&String> = graph.output.iter().map(|output| &output.name).collect();
        let [output] = outputs[..] else {
            return Err(ImportError::Graph(format!("it has {} outputs, not one", outputs.len())));
        };
        let Some(&value) = self.names.get(output) else {
            return Err(ImportError::Graph(format!("no node computes the output {output:?}")));
        };
        Ok((chain(&self.values, value)?, self.shape(value)))
    }

    /// Completes a record by what the model says about itself.
    pub(super) fn describe(&self, metadata: &[StringEntry], record: &mut NetworkFile) {
        input::describe(&self.affine, self.input_shape(), metadata, record);
    }
}
