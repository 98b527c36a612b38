//! Errors of reading ONNX models.

use thiserror::Error;

/// An ONNX model that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are not those of a model.
    #[error("is not an ONNX model: {0}")]
    Decode(String),
    /// The model has no graph.
    #[error("is not an ONNX model: it has no graph")]
    NoGraph,
    /// The input is not an image.
    #[error("the input {name:?}: {reason}")]
    Input {
        /// Name of the input.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A constant tensor cannot be read.
    #[error("the tensor {name:?}: {reason}")]
    Tensor {
        /// Name of the tensor.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A node cannot be read.
    #[error("the node {node:?} ({operator}): {reason}")]
    Node {
        /// Name of the node, or of its output.
        node: String,
        /// Its operator.
        operator: String,
        /// The reason.
        reason: String,
    },
    /// The nodes give no valid network.
    #[error("{0}")]
    Graph(String),
}
