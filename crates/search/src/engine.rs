//! The engine of a search: plan, session, trials, final training.

mod artifact;
mod builder;
mod candidate;
mod caps;
mod cost_diversity;
mod deduplicate;
pub(crate) mod executor;
mod extrapolation;
mod finish;
mod folder;
mod learn;
mod learn_recipe;
mod part;
pub(crate) mod plan;
pub(crate) mod pool;
mod proxy_filter;
mod resume;
mod run;
pub(crate) mod rungs;
mod scores;
mod session;
mod setup;
mod slope;
pub(crate) mod time;
mod timing;
mod trial_metrics;
mod tried;

pub use builder::{Search, SearchBuilder, run};
pub use candidate::ArchitectureSpace;
pub use candidate::Candidate;
pub(crate) use executor::CHECKPOINT_EVERY;
pub use part::{Configured, Ready, SamplerSource, SchedulerSource};
pub use resume::ResumeError;
pub(crate) use resume::begun;
