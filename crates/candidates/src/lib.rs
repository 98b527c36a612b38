#![doc = include_str!("../README.md")]

mod candidate;
mod caps;
mod cost_diversity;
mod deduplicate;
mod extrapolation;
mod smallest;
mod tried;

pub use candidate::{ArchitectureSpace, Candidate, Candidates};
pub use caps::{Caps, LatencyModel};
pub use cost_diversity::CostDiversitySampler;
pub use deduplicate::DeduplicatingSampler;
pub use extrapolation::CurveExtrapolation;
pub use smallest::smallest;
