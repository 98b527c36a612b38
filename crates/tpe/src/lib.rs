//! Parzen estimators and the tree-structured Parzen estimator (TPE).
//!
//! [`ParzenEstimator`] is a mixture of products of truncated kernels over a conditional, mixed
//! space. [`TpeSampler`] splits what was tried into good and bad, estimates a density of each, and
//! proposes where their ratio is largest.
//!
//! The estimator is written here: the crate `kernel_density`, which serves in this crate's tests,
//! holds an empirical distribution function and a Kolmogorov-Smirnov test but no density estimator.
//!
//! ```
//! use automl_space::Space;
//! use automl_study::Study;
//! use automl_tpe::TpeSampler;
//!
//! let mut space = Space::builder();
//! let x = space.float("x", -5.0..=5.0).add()?;
//! let y = space.float("y", -5.0..=5.0).add()?;
//! let mut study = Study::builder(space.build()?).sampler(TpeSampler::default()).build()?;
//! study.optimize(100, |config| (config[x] - 1.0).powi(2) + (config[y] + 2.0).powi(2))?;
//! assert!(study.best().expect("a hundred trials").values[0] < 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axis;
mod feasible;
mod gauss;
mod parzen;
mod ranked;
mod sampler;
mod split;

pub use parzen::{Bandwidth, ParzenEstimator};
pub use sampler::{TpeOptions, TpeSampler};
