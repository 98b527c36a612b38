#![doc = include_str!("../README.md")]

mod cmaes;
mod individual;
mod mutation;
mod nsga2;
mod regularized_evolution;
mod reinforce;

pub use cmaes::{CmaEs, CmaEsConfig, CmaEsSampler};
pub use nsga2::{Nsga2Config, Nsga2Sampler};
pub use regularized_evolution::{RegularizedEvolutionConfig, RegularizedEvolutionSampler};
pub use reinforce::{PolicyGradientConfig, PolicyGradientSampler};
