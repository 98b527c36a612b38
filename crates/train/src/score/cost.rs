//! Scores by the cost of a network, which need no weights.

use super::ScoreBatch;
use automl_arch::{Architecture, ArchitectureError};

/// Logarithm of the number of parameters.
pub(super) fn parameters(
    architecture: &Architecture,
    _: &ScoreBatch,
    _: u64,
) -> Result<f64, ArchitectureError> {
    Ok((architecture.cost()?.parameters as f64).ln())
}

/// Logarithm of the multiply-accumulates.
pub(super) fn macs(
    architecture: &Architecture,
    _: &ScoreBatch,
    _: u64,
) -> Result<f64, ArchitectureError> {
    Ok((architecture.cost()?.macs as f64).ln())
}
