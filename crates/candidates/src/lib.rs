#![doc = include_str!("../README.md")]

mod candidate;
mod caps;
mod cost_diversity;
mod deduplicate;
mod smallest;
mod tried;

pub use candidate::{ArchitectureSpace, Candidate, Candidates};
pub use caps::{Caps, LatencyModel};
pub use cost_diversity::CostDiversitySampler;
pub use deduplicate::DeduplicatingSampler;
pub use smallest::smallest;
