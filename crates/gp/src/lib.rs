//! Gaussian-process surrogates and the samplers built on them.
//!
//! [`linalg`], [`lbfgs`], [`model`] and [`acquisition`] know only matrices; [`GpSampler`] puts them
//! to work over a [`automl_space::Space`].

pub mod acquisition;
mod features;
pub mod lbfgs;
pub mod linalg;
pub mod model;
mod sampler;

pub use sampler::{GpOptions, GpSampler};
