//! Errors of the fine-tuning for int8.

use crate::TrainError;
use automl_deploy::LowerError;
use automl_quantize::QuantizeError;
use thiserror::Error;

/// Reasons for which a network cannot be fine-tuned for int8.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Int8Error {
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] LowerError),
    /// The network cannot be quantized.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The network and the data do not fit together, or training was stopped.
    #[error(transparent)]
    Train(#[from] TrainError),
}
