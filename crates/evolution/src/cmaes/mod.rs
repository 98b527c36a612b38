//! CMA-ES: the strategy itself, its covariance, choices, and the sampler that replays it.

mod categories;
mod covariance;
mod sampler;
mod strategy;

pub use sampler::{CmaEsOptions, CmaEsSampler};
pub use strategy::CmaEs;
