#![doc = include_str!("../README.md")]

mod axis;
mod candidates;
mod config;
mod dominance;
mod fast_normal;
mod feasibility;
mod model;
mod parzen;
mod ranking;
mod sampler;
mod settings;
mod sorted_blocks;
mod sources;
mod workspace;

pub use config::TpeConfig;
pub use parzen::{Bandwidth, ParzenEstimator};
pub use sampler::TpeSampler;
