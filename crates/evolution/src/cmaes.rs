//! CMA-ES: the strategy, categorical distributions for choices, and the sampler that replays both.

mod axes;
mod categorical;
mod config;
mod covariance;
mod margin;
mod rates;
mod restarts;
mod run;
mod sampler;
mod strategy;
mod warm_start;

pub use config::CmaEsConfig;
pub use sampler::CmaEsSampler;
pub use strategy::CmaEs;
