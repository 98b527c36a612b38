//! The main job: data in, a front of trained light networks out; and its sisters: training one
//! network, compressing one, measuring fidelities and latency.

#[cfg(feature = "train")]
pub mod compression;
#[cfg(feature = "train")]
mod engine;
mod event;
#[cfg(feature = "train")]
pub mod fidelities;
#[cfg(feature = "train")]
pub mod fit;
#[cfg(feature = "train")]
pub mod latency;
mod settings;
#[cfg(feature = "train")]
mod split;

pub use automl_data::Subset;
#[cfg(feature = "train")]
pub use engine::{ContinueError, SearchError, run};
pub use event::{Event, Network, Progress, ScoreRow, ScoreTable, Start, Summary};
pub use settings::{
    CostObjective, DataSettings, Device, FidelitySettings, LadderSettings, Microseconds,
    RecipePreset, RungSettings, SearchSettings, Settings, SettingsError, SpaceName, Span,
    TrainingSettings, ZeroCostProxy, ladder_toml, to_toml,
};
