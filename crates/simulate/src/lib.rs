//! The simulator: many workers in virtual time, driven by the real study, scheduler and sampler.
//!
//! Events are discrete: a worker finishes a stretch of training, a worker dies, a worker comes
//! back. Training takes the time that the ladder's cost says, multiplied by a random factor
//! ([`Runtimes`]); losses come from a [`Workload`] whose optimum is known.

mod cluster;
mod curves;
mod runtimes;

pub use cluster::{Cluster, Glance, SimulateError, Summary};
pub use curves::{Curves, FAMILIES, Workload};
pub use runtimes::{Runtimes, RuntimesError};
