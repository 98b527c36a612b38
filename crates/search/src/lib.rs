#![cfg_attr(feature = "train", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "train"), doc = "Settings and events of a search.")]

#[cfg(feature = "train")]
pub mod compression;
#[cfg(feature = "train")]
mod engine;
#[cfg(feature = "train")]
mod error;
mod event;
#[cfg(feature = "train")]
pub mod fidelities;
#[cfg(feature = "train")]
mod file;
#[cfg(feature = "train")]
pub mod fit;
#[cfg(feature = "train")]
pub mod latency;
#[cfg(feature = "train")]
mod network_record;
mod outcome;
mod settings;
#[cfg(feature = "train")]
mod split;

pub use automl_data::Subset;
#[cfg(feature = "train")]
pub use engine::{
    ArchitectureSpace, Configured, Ready, ResumeError, SamplerSource, SchedulerSource, Search,
    SearchBuilder, run,
};
#[cfg(feature = "train")]
pub use error::{ConfigurationError, DataError, RecordError, SearchError, TrainingError};
pub use event::{Event, Network, Progress, ScoreRow, ScoreTable, Start, Summary};
#[cfg(feature = "train")]
pub use file::FileError;
#[cfg(feature = "train")]
pub use network_record::{Compression, Measured, Method, NetworkRecord};
pub use outcome::{Completion, SearchOutcome};
pub use settings::{
    CostObjective, DataSettings, Device, FidelitySettings, LadderSettings, Microseconds,
    RecipePreset, RungSettings, SearchSettings, Settings, SettingsError, SpaceName, Span,
    TrainingSettings, ZeroCostProxy, ladder_toml, to_toml,
};
#[cfg(feature = "train")]
pub use split::{SplitError, SplitMismatch, SplitSettings};
