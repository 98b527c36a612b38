#![doc = include_str!("../README.md")]

pub mod acquisition;
mod acquisition_function;
mod acquisition_optimizer;
mod config;
mod features;
mod lbfgs;
mod observed_trials;
mod options;
mod output_transform;
mod regression;
mod sampler;
mod surrogate;
mod transfer;
mod trust_region;

pub use config::{AcquisitionName, GpConfig, TurboConfig};
pub use options::{Acquisition, GpOptions};
pub use regression::{
    Column, Distance, GaussianProcess, Hyperparameters, Kernel, KernelFamily, Observations,
    Posterior, Prediction, Priors, RegressionError,
};
pub use sampler::{GpSampler, region_losses};
pub use transfer::SourceSurrogate;
pub use trust_region::TrustRegionOptions;
