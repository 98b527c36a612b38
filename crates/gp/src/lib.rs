//! Gaussian-process surrogates and the samplers built on them.
//!
//! [`linalg`], [`lbfgs`], [`regression`] and [`acquisition`] know only matrices; [`GpSampler`] puts them
//! to work over a [`automl_space::Space`].

pub mod acquisition;
mod acquisition_function;
mod acquisition_optimizer;
mod features;
pub mod lbfgs;
mod observed_trials;
mod output_transform;
pub mod regression;
mod sampler;
mod surrogate;
mod trust_region;

pub use sampler::{Acquisition, GpOptions, GpSampler};
pub use trust_region::RegionOptions;
