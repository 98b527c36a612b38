//! Errors of Gaussian-process regression.

use thiserror::Error;

/// Shapes that do not fit, or a covariance that is not positive definite.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RegressionError {
    /// The number of outputs (or of known noise variances) is not the number of rows.
    #[error("{rows} rows of features and {outputs} outputs")]
    Length {
        /// Rows of features.
        rows: usize,
        /// Outputs, or known noise variances.
        outputs: usize,
    },
    /// The length of a row is not the number of the kernel's columns.
    #[error("rows of {found} features for a kernel over {expected}")]
    Columns {
        /// Entries of a row.
        found: usize,
        /// Columns of the kernel.
        expected: usize,
    },
    /// The number of length scales is not that of the kernel.
    #[error("{found} length scales for a kernel with {expected}")]
    Scales {
        /// Length scales.
        found: usize,
        /// Scales of the kernel.
        expected: usize,
    },
    /// The covariance is not positive definite, even with a jitter of `1e-4` of the signal
    /// variance.
    #[error("the covariance of {rows} observations is not positive definite")]
    NotPositiveDefinite {
        /// The number of observations.
        rows: usize,
    },
}
