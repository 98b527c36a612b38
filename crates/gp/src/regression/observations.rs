//! Observations of a Gaussian process.

use super::RegressionError;
use nalgebra::DMatrix;

/// Features, outputs and known noise.
#[derive(Clone, Copy, Debug)]
pub struct Observations<'a> {
    /// Features. `[n, columns]`
    pub x: &'a DMatrix<f64>,
    /// Outputs. `[n]`
    pub y: &'a [f64],
    /// Known noise variances, added to the inferred one; empty if there are none. `[n]` or `[0]`
    pub noise: &'a [f64],
}

impl Observations<'_> {
    /// Fails unless the shapes fit each other and a kernel over `columns`.
    pub(crate) fn check(&self, columns: usize) -> Result<(), RegressionError> {
        let (rows, outputs) = (self.x.nrows(), self.y.len());
        if outputs != rows {
            return Err(RegressionError::Length { rows, outputs });
        }
        if !self.noise.is_empty() && self.noise.len() != rows {
            return Err(RegressionError::Length { rows, outputs: self.noise.len() });
        }
        if self.x.ncols() != columns {
            return Err(RegressionError::Columns { found: self.x.ncols(), expected: columns });
        }
        Ok(())
    }

    /// The known noise variance of row `i`, zero if there is none.
    pub(crate) fn known_noise(&self, i: usize) -> f64 {
        self.noise.get(i).copied().unwrap_or(0.0)
    }
}
