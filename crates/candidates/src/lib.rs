#![doc = include_str!("../README.md")]

mod adapt;
mod candidate;
mod caps;
mod cost_diversity;
mod deduplicate;
mod extrapolation;
mod portfolio;
mod smallest;
mod tried;
mod warm_start;

pub use adapt::fronts;
pub use candidate::{ArchitectureSpace, Candidate, Candidates};
pub use caps::{Caps, LatencyModel};
pub use cost_diversity::CostDiversitySampler;
pub use deduplicate::DeduplicatingSampler;
pub use extrapolation::CurveExtrapolation;
pub use portfolio::portfolio;
pub use smallest::smallest;
pub use warm_start::warm_start;
