//! ONNX models of small convolutional networks as graphs with weights.

mod attributes;
mod constants;
mod elementwise;
mod error;
mod gates;
mod gelu;
mod input;
mod operators;
mod piece;
mod reader;
mod structure;
mod values;

pub use error::ImportError;

use super::proto::Model;
use crate::record::{NetworkFile, TrainedNetwork};
use crate::weights::Weights;
use automl_arch::Graph;
use automl_extent::Extent;
use piece::lay_out;
use prost::Message;
use reader::Reader;
use serde_json::json;
use std::path::Path;

/// Reads an ONNX model of a convolutional classifier: `Conv`, `BatchNormalization`, activations,
/// pooling, `Add`, `Concat`, `Gemm`, `MatMul`, squeeze-and-excitation and efficient channel
/// attention, with what exporters put between them (`Flatten`, `Reshape`, `Identity`, `Dropout`).
///
/// A `Softmax` at the end is left out. The record gets what the model says about itself: the
/// normalization of pixels from nodes in front, class names from the metadata that
/// [`float_model`](super::float_model) writes; `notes` says what is lacking. `side` is the height
/// and width of the images where the model leaves them open.
///
/// # Errors
/// [`ImportError`] names the node that cannot be read, with the reason.
pub fn import(
    bytes: &[u8],
    path: &Path,
    side: Option<Extent>,
) -> Result<TrainedNetwork, ImportError> {
    let model = Model::decode(bytes).map_err(|error| ImportError::Decode(error.to_string()))?;
    let graph = model.graph.as_ref().ok_or(ImportError::NoGraph)?;
    let mut reader = Reader::new(graph, side)?;
    for node in &graph.node {
        reader.read(node)?;
    }
    let (pieces, output) = reader.pieces(graph)?;
    let mut tensors = Vec::new();
    let nodes = lay_out("layers", pieces, &mut tensors);
    let (input, classes) = (reader.input_shape(), output.numbers());
    let graph: Graph = serde_json::from_value(json!({
        "input_channels": input.channels,
        "input_side": input.side,
        "classes": classes,
        "nodes": nodes,
    }))
    .map_err(|error| ImportError::Graph(error.to_string()))?;
    let mut record = NetworkFile::new(graph);
    let mut notes = std::mem::take(&mut reader.notes);
    reader.describe(&model.metadata_props, &mut record);
    notes.extend(crate::record::lacks(&record));
    Ok(TrainedNetwork { path: path.to_owned(), record, weights: Weights::new(tensors), notes })
}
