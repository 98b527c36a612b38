//! Errors of ONNX models.

use thiserror::Error;

/// A network that cannot be written as ONNX.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// Pixels are asked for as input, and their normalization is not known.
    #[error(
        "the record has no mean and deviation of the images: name the data set of its training, or \
         export a model of normalized pixels"
    )]
    NoNormalization,
}
