//! A network with its weights, as data.

use crate::tree::{Layer, branches, grow, names, nodes, tensors};
use automl_arch::{Cost, Graph, GraphError, Op};
use automl_models::{LoadError, NamedTensor, Network};
use automl_train::{Device, cpu};
use std::collections::BTreeMap;
use thiserror::Error;

/// Network with its weights, as data.
///
/// The crate's page has an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    graph: Graph,
    tensors: Vec<NamedTensor>,
}

/// Reasons for which operations and weights do not form a network.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ModelError {
    /// The nodes do not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The weights do not fit the nodes.
    #[error(transparent)]
    Weights(#[from] LoadError),
    /// A weight is NaN or infinite.
    #[error("{name} holds {value}, which is not finite")]
    NotFinite {
        /// The tensor.
        name: String,
        /// The first such number.
        value: f32,
    },
}

impl Model {
    /// Nodes and weights that fit them, as [`Network::tensors`] lists them.
    ///
    /// # Errors
    /// [`ModelError`] with the node or tensor at fault.
    pub fn new(graph: Graph, tensors: Vec<NamedTensor>) -> Result<Self, ModelError> {
        graph.check()?;
        // Before anything as large as the nodes say is made.
        let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        fits(&graph.nodes, "layers", &named)?;
        for NamedTensor { name, values, .. } in &tensors {
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(ModelError::NotFinite { name: name.clone(), value: *value });
            }
        }
        let network = Network::from_graph(&graph, 0, &cpu()).with_tensors(tensors)?;
        Ok(Self { graph, tensors: network.tensors() })
    }

    /// The nodes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The weights.
    pub fn tensors(&self) -> &[NamedTensor] {
        &self.tensors
    }

    /// Parameters, multiply-accumulates and memory.
    pub fn cost(&self) -> Cost {
        self.graph.cost()
    }

    /// The network on a device.
    ///
    /// # Errors
    /// None in practice: [`Model::new`] checked that the weights fit.
    pub fn network(&self, device: &Device) -> Result<Network, LoadError> {
        Network::from_graph(&self.graph, 0, device).with_tensors(self.tensors.clone())
    }

    pub(crate) fn layers(&self) -> Vec<Layer> {
        grow(&self.graph.nodes, &self.tensors)
    }

    /// The network of changed layers for the same images and classes.
    pub(crate) fn with_layers(&self, layers: &[Layer]) -> Result<Self, ModelError> {
        let mut graph = self.graph.clone();
        graph.nodes = nodes(layers);
        Self::new(graph, tensors(layers))
    }
}

/// Checks that the large tensors have the shapes that the nodes prescribe.
fn fits(
    nodes: &[Op],
    prefix: &str,
    tensors: &BTreeMap<&str, &NamedTensor>,
) -> Result<(), LoadError> {
    for (index, node) in nodes.iter().enumerate() {
        let (kind, inner) = names(node);
        let place = format!("{prefix}.{index}.{kind}");
        for (branch, name) in branches(node).into_iter().zip(inner) {
            fits(branch, &format!("{place}.{name}"), tensors)?;
        }
        let expected = match node {
            Op::Convolution(conv) => vec![("weight", conv.weight_shape().to_vec())],
            Op::Linear { inputs, outputs, .. } => vec![("weight", vec![*outputs, *inputs])],
            Op::SqueezeExcite { channels, squeeze, .. } => {
                vec![("reduce", vec![*squeeze, *channels]), ("expand", vec![*channels, *squeeze])]
            }
            _ => Vec::new(),
        };
        for (name, expected) in expected {
            let name = format!("{place}.{name}");
            let Some(tensor) = tensors.get(name.as_str()) else {
                return Err(LoadError::Missing { name });
            };
            if tensor.shape != expected {
                let (found, numbers) = (tensor.shape.clone(), tensor.values.len());
                return Err(LoadError::Shape { name, found, numbers, expected });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::block;
    use automl_arch::{Activation, Architecture, Block, Layer};

    fn parts() -> (Graph, Vec<NamedTensor>) {
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 2.0, 8, 1)),
            Layer::once(Block::MBConv(block::MBConv {
                expansion: 2.0,
                channels: 8,
                stride: 1,
                kernel: 3,
                squeeze_excite: true,
            })),
            Layer::once(Block::Fire(block::Fire { squeeze: 3, expand1: 4, expand3: 8 })),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        let graph = Architecture::new(1, 8, layers).graph().unwrap();
        let tensors = Network::from_graph(&graph, 0, &cpu()).tensors();
        (graph, tensors)
    }

    #[test]
    fn what_is_no_number_is_named() {
        let (graph, tensors) = parts();
        assert!(Model::new(graph.clone(), tensors.clone()).is_ok());
        for value in [f32::NAN, f32::INFINITY] {
            for at in [0, tensors.len() / 2, tensors.len() - 1] {
                let mut broken = tensors.clone();
                broken[at].values[0] = value;
                let error = Model::new(graph.clone(), broken).unwrap_err().to_string();
                assert!(error.starts_with(&tensors[at].name), "{error}");
            }
        }
    }

    /// Nodes of 8 GiB with small weights: nothing of that size is made to find it out.
    #[test]
    fn shapes_are_compared_first() {
        let (mut graph, tensors) = parts();
        let name = "layers.0.Convolution.weight";
        if let Op::Convolution(conv) = &mut graph.nodes[0] {
            (conv.kernel, conv.padding) = (8191, (4095, 4095));
        }
        let start = std::time::Instant::now();
        let error = Model::new(graph.clone(), tensors.clone()).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
        assert!(start.elapsed().as_secs_f64() < 0.5);
        let rest = tensors.into_iter().filter(|tensor| tensor.name != name).collect();
        let error = Model::new(graph, rest).unwrap_err().to_string();
        assert!(error.contains("lack layers.0"), "{error}");
    }
}
