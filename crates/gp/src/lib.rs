//! Gaussian-process surrogates and the samplers built on them.
//!
//! [`linalg`], [`lbfgs`], [`model`] and [`acquisition`] know only matrices; [`GpSampler`] puts them
//! to work over a [`automl_space::Space`].

pub mod acquisition;
mod criterion;
mod features;
pub mod lbfgs;
pub mod model;
mod observed;
mod region;
mod sampler;
mod search;
mod surrogate;
mod warp;

pub use region::RegionOptions;
pub use sampler::{Acquisition, GpOptions, GpSampler};
