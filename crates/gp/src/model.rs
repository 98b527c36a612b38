//! Gaussian-process regression on matrices: kernels, evidence, posterior.

mod evidence;
mod exp;
mod kernel;
mod posterior;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Fit, Observations, Priors, fit};
pub use kernel::{Column, Distance, Family, Hyper, Kernel};
pub use posterior::{Posterior, PosteriorError, Prediction, Scratch};
