//! Construction of ONNX graphs.

use super::proto::{
    AttributeProto, Dimension, FLOAT, Graph, INT8, INT32, INT64, Model, Node, OperatorSet,
    StringEntry, Tensor, TensorShape, TensorType, Type, UINT8, ValueInfo,
};
use prost::Message;

/// Version of the standard operators.
const OPSET: i64 = 17;

/// Version of the format.
const IR_VERSION: i64 = 8;

/// A graph under construction.
///
/// # Examples
/// ```
/// use automl_deploy::onnx::{Attribute, GraphBuilder};
///
/// let mut graph = GraphBuilder::default();
/// graph.input("x", &[None, Some(4)]);
/// graph.node("leaky", "LeakyRelu", &["x"], &[("alpha", Attribute::Float(0.01))]);
/// graph.output("leaky", &[None, Some(4)]);
/// assert!(graph.model("example", Vec::new()).len() > 50);
/// ```
#[derive(Debug, Default)]
pub struct GraphBuilder {
    graph: Graph,
}

/// Value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A float.
    Float(f32),
    /// An integer.
    Int(i64),
    /// Integers.
    Ints(Vec<i64>),
}

impl GraphBuilder {
    /// Appends a node with one output, which is named after the node; returns that name.
    pub fn node(
        &mut self,
        name: &str,
        operator: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> String {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute: attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
            domain: String::new(),
        });
        name.to_owned()
    }

    /// Adds a constant of 32-bit floats, unless there is one of this name; returns the name.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        self.constant(name, FLOAT, dims, values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Adds a constant of 64-bit integers, as shapes and axes are, see [`GraphBuilder::floats`].
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.constant(name, INT64, &[values.len()], values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Adds a constant of signed bytes, see [`GraphBuilder::floats`].
    pub fn signed_bytes(&mut self, name: &str, dims: &[usize], values: &[i8]) -> String {
        self.constant(name, INT8, dims, values.iter().flat_map(|x| x.to_le_bytes()))
    }

    /// Adds a constant of unsigned bytes, see [`GraphBuilder::floats`].
    pub fn bytes(&mut self, name: &str, dims: &[usize], values: &[u8]) -> String {
        self.constant(name, UINT8, dims, values.iter().copied())
    }

    /// Adds a constant of 32-bit integers, see [`GraphBuilder::floats`].
    pub fn words(&mut self, name: &str, dims: &[usize], values: &[i32]) -> String {
        self.constant(name, INT32, dims, values.iter().flat_map(|x| x.to_le_bytes()))
    }

    fn constant(
        &mut self,
        name: &str,
        data_type: i32,
        dims: &[usize],
        bytes: impl Iterator<Item = u8>,
    ) -> String {
        if !self.graph.initializer.iter().any(|tensor| tensor.name == name) {
            self.graph.initializer.push(Tensor {
                name: name.to_owned(),
                data_type,
                dims: dims.iter().map(|&length| length as i64).collect(),
                raw_data: bytes.collect(),
                ..Tensor::default()
            });
        }
        name.to_owned()
    }

    /// Declares an input of 32-bit floats; an axis without a length is the batch.
    pub fn input(&mut self, name: &str, dims: &[Option<usize>]) {
        self.graph.input.push(value_info(name, dims));
    }

    /// Declares an output of 32-bit floats, see [`GraphBuilder::input`].
    pub fn output(&mut self, name: &str, dims: &[Option<usize>]) {
        self.graph.output.push(value_info(name, dims));
    }

    /// The bytes of the model, with named texts.
    pub fn model(self, name: &str, metadata: Vec<(String, String)>) -> Vec<u8> {
        let entry = |(key, value)| StringEntry { key, value };
        Model {
            ir_version: IR_VERSION,
            producer_name: "automl".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(Graph { name: name.to_owned(), ..self.graph }),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            metadata_props: metadata.into_iter().map(entry).collect(),
        }
        .encode_to_vec()
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let name = name.to_owned();
    match value {
        Attribute::Float(f) => AttributeProto { name, f: Some(*f), kind: 1, ..Default::default() },
        Attribute::Int(i) => AttributeProto { name, i: Some(*i), kind: 2, ..Default::default() },
        Attribute::Ints(ints) => {
            AttributeProto { name, ints: ints.clone(), kind: 7, ..Default::default() }
        }
    }
}

fn value_info(name: &str, dims: &[Option<usize>]) -> ValueInfo {
    let dim = |length: &Option<usize>| Dimension {
        dim_value: length.map(|length| length as i64),
        dim_param: length.is_none().then(|| "batch".to_owned()),
    };
    let shape = Some(TensorShape { dim: dims.iter().map(dim).collect() });
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}
