//! Hyperparameters of a Gaussian process.

use super::RegressionError;

/// Hyperparameters in natural units (not logarithms); all are positive.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperparameters {
    /// Length scales of the kernel's parameters, then weights of sums and exponents of input
    /// warping, in the order of [`Kernel`](crate::Kernel)'s parts. `[scales]`
    pub lengths: Vec<f64>,
    /// The variance of the function.
    pub signal: f64,
    /// The variance of the observation noise.
    pub noise: f64,
}

impl Hyperparameters {
    /// Fails unless there is one length for each of the kernel's `scales`.
    pub(crate) fn check(&self, scales: usize) -> Result<(), RegressionError> {
        let found = self.lengths.len();
        if found == scales {
            Ok(())
        } else {
            Err(RegressionError::Scales { found, expected: scales })
        }
    }

    /// The logarithms of length scales, signal variance and noise variance. `[scales + 2]`
    pub(crate) fn to_log(&self) -> Vec<f64> {
        let mut log: Vec<f64> = self.lengths.iter().map(|l| l.ln()).collect();
        log.extend([self.signal.ln(), self.noise.ln()]);
        log
    }

    /// The inverse of [`Hyperparameters::to_log`].
    pub(crate) fn from_log(log: &[f64]) -> Self {
        let (lengths, rest) = log.split_at(log.len() - 2);
        Self {
            lengths: lengths.iter().map(|l| l.exp()).collect(),
            signal: rest[0].exp(),
            noise: rest[1].exp(),
        }
    }
}
