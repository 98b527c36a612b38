//! The main job: data in, a front of trained light networks out.

#[cfg(feature = "train")]
mod continued;
#[cfg(feature = "train")]
mod error;
mod event;
#[cfg(feature = "train")]
pub(crate) mod executor;
#[cfg(feature = "train")]
mod expected;
#[cfg(feature = "train")]
mod finish;
#[cfg(feature = "train")]
mod folder;
#[cfg(feature = "train")]
mod kept;
mod ladder;
#[cfg(feature = "train")]
mod learn;
#[cfg(feature = "train")]
mod learn_recipe;
mod microseconds;
#[cfg(feature = "train")]
pub(crate) mod plan;
#[cfg(feature = "train")]
mod recipe;
#[cfg(feature = "train")]
mod run;
#[cfg(feature = "train")]
pub(crate) mod rungs;
#[cfg(feature = "train")]
mod scores;
mod settings;
#[cfg(feature = "train")]
pub(crate) mod setup;
mod span;
#[cfg(feature = "train")]
mod spread;
#[cfg(feature = "train")]
mod timing;
#[cfg(feature = "train")]
mod unique;

#[cfg(feature = "train")]
pub use continued::ContinueError;
#[cfg(feature = "train")]
pub(crate) use continued::begun;
#[cfg(feature = "train")]
pub use error::SearchError;
pub use event::{Event, Network, Progress, ScoreRow, ScoreTable, Start, Summary};
#[cfg(feature = "train")]
pub(crate) use executor::CHECKPOINT_EVERY;
pub use ladder::{FidelitySettings, LadderSettings, RungSettings, SUBSETS, ladder_toml};
pub use microseconds::Microseconds;
#[cfg(feature = "train")]
pub(crate) use run::open_data;
#[cfg(feature = "train")]
pub use run::run;
pub use settings::{
    Against, DATASETS, DataSettings, Device, Filter, RecipePreset, SearchSettings, Settings,
    SettingsError, SpaceName, TrainingSettings,
};
pub use span::Span;

/// The settings as a TOML file that gives them again.
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string(&settings.without_password()).unwrap_or_default()
}

/// Writes a text file, which is whole or as it was; an error names it.
#[cfg(feature = "train")]
pub(crate) fn write_file(path: &std::path::Path, text: &str) -> Result<(), SearchError> {
    automl_train::write_whole(path, text.as_bytes()).map_err(|source| SearchError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}
