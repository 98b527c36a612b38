//! Errors of compression with training in between.

use crate::{DecomposeError, ModelError, PruneError};
use automl_train::TrainError;
use thiserror::Error;

/// Reasons for which a compression yields no network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompressError {
    /// Channels cannot be removed.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// Layers cannot be decomposed.
    #[error(transparent)]
    Decompose(#[from] DecomposeError),
    /// Operations and weights do not form a network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The network cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
}
