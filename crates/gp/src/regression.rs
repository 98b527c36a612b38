//! Gaussian-process regression on matrices: kernels, evidence, posterior.

mod column;
mod error;
mod evidence;
mod exp;
mod fit;
mod gaussian_process;
mod hyperparameters;
mod input_warping;
mod kernel;
mod kernel_family;
mod likelihood;
mod observations;
mod posterior;
mod prior_mean;
mod priors;
mod stationary;
#[cfg(test)]
mod tests;

pub use column::{Column, Distance};
pub use error::RegressionError;
pub(crate) use fit::fit;
pub use gaussian_process::GaussianProcess;
pub use hyperparameters::Hyperparameters;
pub use kernel::Kernel;
pub use kernel_family::KernelFamily;
pub(crate) use likelihood::LogLikelihood;
pub use observations::Observations;
pub(crate) use posterior::PredictionWorkspace;
pub use posterior::{Posterior, Prediction};
pub(crate) use prior_mean::PriorMean;
pub use priors::Priors;
