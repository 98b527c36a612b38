//! Gaussian-process regression on matrices: kernels, evidence, posterior.

mod evidence;
mod exp;
mod input_warping;
mod kernel;
mod posterior;
mod stationary;
#[cfg(test)]
mod tests;

pub(crate) use evidence::Likelihood;
pub use evidence::{Evidence, Fit, Observations, Priors, fit};
pub use kernel::{Hyper, Kernel};
pub use posterior::{Posterior, PosteriorError, Prediction, Scratch};
pub use stationary::{Column, Distance, Family};
