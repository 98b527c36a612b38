#![doc = include_str!("../README.md")]

mod adapt;
mod candidate;
mod caps;
mod cost_diversity;
mod deduplicate;
mod elastic_space;
mod extrapolation;
mod final_order;
mod named_space;
mod portfolio;
mod race;
mod recipe_space;
mod sides;
mod smallest;
mod trial_metrics;
mod tried;
mod usual_recipe;
mod warm_start;

pub use adapt::fronts;
pub use candidate::{ArchitectureSpace, Candidate, Candidates};
pub use caps::{Caps, LatencyModel};
pub use cost_diversity::CostDiversitySampler;
pub use deduplicate::DeduplicatingSampler;
pub use elastic_space::ElasticSpace;
pub use extrapolation::CurveExtrapolation;
pub use final_order::final_order;
pub use named_space::{named_space, with_recipes};
pub use portfolio::portfolio;
pub use race::{Racer, unsettled};
pub use recipe_space::RecipeSpace;
pub use sides::Sides;
pub use smallest::smallest;
pub use trial_metrics::TrialMetrics;
pub use usual_recipe::UsualRecipeSampler;
pub use warm_start::warm_start;
