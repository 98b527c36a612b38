//! The search itself: what it plans, runs, keeps and finishes.

mod artifact;
mod cost_diversity;
mod deduplicate;
mod error;
pub(crate) mod executor;
mod extrapolation;
mod finish;
mod folder;
mod learn;
mod learn_recipe;
pub(crate) mod plan;
mod recipe;
mod resume;
mod run;
pub(crate) mod rungs;
mod scores;
pub(crate) mod setup;
mod timing;

pub use error::SearchError;
pub(crate) use executor::CHECKPOINT_EVERY;
pub use resume::ContinueError;
pub(crate) use resume::begun;
pub(crate) use run::open_data;
pub use run::run;

/// Writes a text file, which is whole or as it was; an error names it.
pub(crate) fn write_file(path: &std::path::Path, text: &str) -> Result<(), SearchError> {
    automl_train::write_atomic(path, text.as_bytes()).map_err(|source| SearchError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}
