//! Prior means beside the constant.

use nalgebra::DMatrix;
use std::fmt;

/// A prior mean `m(x)` of a process, beside its constant.
pub(crate) trait PriorMean: fmt::Debug + Send + Sync {
    /// The means at rows of features. `[rows]`
    fn values(&self, rows: &DMatrix<f64>) -> Vec<f64>;

    /// The mean at one row; adds its gradient in the features. `[columns]`
    fn value_and_gradient(&self, row: &[f64], gradient: &mut [f64]) -> f64;

    /// A hash that equal means share.
    fn fingerprint(&self) -> u64;
}
