//! A network with its weights, as data.

use crate::tree::{Layer, grow, nodes, tensors};
use automl_models::{Canonical, CanonicalError, Cost, LoadError, NamedTensor, Network};
use automl_train::{Device, cpu};
use thiserror::Error;

/// A network and its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    canonical: Canonical,
    tensors: Vec<NamedTensor>,
}

/// Why nodes and weights make no network.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ModelError {
    /// The nodes do not fit together.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The weights do not fit the nodes.
    #[error(transparent)]
    Weights(#[from] LoadError),
}

impl Model {
    /// Nodes and weights that fit them, as [`Network::tensors`] lists them.
    ///
    /// # Errors
    /// [`ModelError`] with the node or tensor at fault.
    pub fn new(canonical: Canonical, tensors: Vec<NamedTensor>) -> Result<Self, ModelError> {
        canonical.check()?;
        let network = Network::from_canonical(&canonical, 0, &cpu()).with_tensors(tensors)?;
        Ok(Self { canonical, tensors: network.tensors() })
    }

    /// The nodes.
    pub fn canonical(&self) -> &Canonical {
        &self.canonical
    }

    /// The weights.
    pub fn tensors(&self) -> &[NamedTensor] {
        &self.tensors
    }

    /// Parameters, multiply-accumulates and memory.
    pub fn cost(&self) -> Cost {
        self.canonical.cost()
    }

    /// The network on a device.
    ///
    /// # Errors
    /// None in practice: the weights fit since [`Model::new`].
    pub fn network(&self, device: &Device) -> Result<Network, LoadError> {
        Network::from_canonical(&self.canonical, 0, device).with_tensors(self.tensors.clone())
    }

    pub(crate) fn layers(&self) -> Vec<Layer> {
        grow(&self.canonical.nodes, &self.tensors)
    }

    /// The network of changed layers for the same images and classes.
    pub(crate) fn with_layers(&self, layers: &[Layer]) -> Result<Self, ModelError> {
        let mut canonical = self.canonical.clone();
        canonical.nodes = nodes(layers);
        Self::new(canonical, tensors(layers))
    }
}
