//! The engine of a search: plan, session, trials, final training.

mod artifact;
mod builder;
mod estimate;
pub(crate) mod executor;
mod finish;
mod folder;
mod learn;
mod learn_parts;
mod learnt_recipe;
pub(crate) mod objective;
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
mod so_far;
mod supernet;
mod timing;

pub use builder::{Search, SearchBuilder, run};
pub(crate) use executor::CHECKPOINT_EVERY;
pub use part::{Configured, Ready, SamplerSource, SchedulerSource};
pub use resume::ResumeError;
pub(crate) use resume::begun;
