//! Errors of training.

use automl_arch::{ArchitectureError, GraphError, NetworkSpecError};
use automl_data::RecipeError;
use automl_models::{LoadError, SliceError};
use thiserror::Error;

/// Reasons for which training cannot start or continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The architecture is invalid.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The nodes of a network do not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The network's specification cannot be used.
    #[error(transparent)]
    NetworkSpec(NetworkSpecError),
    /// The recipe is invalid.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Input shape or number of classes differ between architecture and data.
    #[error("the network takes {takes} and the data has {has}")]
    Mismatch {
        /// Input shape and classes of the network.
        takes: String,
        /// Image shape and classes of the data.
        has: String,
    },
    /// Weights do not fit their network.
    #[error(transparent)]
    Weights(#[from] LoadError),
    /// A network is no part of the one that is to hold it.
    #[error(transparent)]
    Part(#[from] SliceError),
    /// A step of a network's parts has none.
    #[error("step {step} trains no part of the network")]
    NoParts {
        /// Number of the step, from 0.
        step: u64,
    },
    /// No draw satisfied the constraints of the space.
    #[error("no network was found that the constraints of the space allow")]
    NoPath,
    /// There are fewer training images than a batch needs.
    #[error("{images} training images are too few: a batch needs at least 2")]
    TooFew {
        /// The number of training images.
        images: usize,
    },
    /// The network does not fit into the memory of the machine.
    #[error(
        "the network needs {} of memory to train, and the machine has {}: take smaller images, \
         fewer channels or a smaller batch",
        gigabytes(*needs), gigabytes(*has)
    )]
    Memory {
        /// Bytes of weights and activations.
        needs: u64,
        /// Bytes of the machine.
        has: u64,
    },
    /// The loss became NaN or infinite.
    #[error("training diverged in epoch {epoch}: the loss is {loss}")]
    Diverged {
        /// The epoch, from 1.
        epoch: u64,
        /// The loss.
        loss: f64,
    },
    /// The stop callback returned true; the epoch is lost.
    #[error("stopped in epoch {epoch}")]
    Stopped {
        /// The epoch, from 1.
        epoch: u64,
    },
}

/// Bytes for a person.
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

impl From<NetworkSpecError> for TrainError {
    fn from(error: NetworkSpecError) -> Self {
        match error {
            NetworkSpecError::Architecture(source) => Self::Architecture(source),
            NetworkSpecError::Graph(source) => Self::Graph(source),
            other => Self::NetworkSpec(other),
        }
    }
}
