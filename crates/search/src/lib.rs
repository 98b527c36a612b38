#![cfg_attr(feature = "train", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "train"), doc = "Settings and events of a search.")]

#[cfg(feature = "train")]
pub mod compression;
#[cfg(feature = "train")]
mod data;
#[cfg(feature = "train")]
mod engine;
#[cfg(feature = "train")]
mod error;
#[cfg(feature = "train")]
mod file;
#[cfg(feature = "train")]
pub mod fit;
#[cfg(feature = "train")]
mod init;
#[cfg(feature = "train")]
pub mod latency;
#[cfg(feature = "train")]
mod network_record;
#[cfg(feature = "train")]
mod saved;
#[cfg(feature = "train")]
mod split;

/// Parts of a search that the measurement of fidelities shares; not a stable interface.
#[cfg(feature = "train")]
#[doc(hidden)]
pub mod shared {
    pub use crate::data::{Earlier, open_data};
    pub use crate::engine::plan::{ETA, Plan};
    pub use crate::engine::pool::{Pool, lock};
    pub use crate::engine::rungs::{Macs, fidelities, preparation};
    pub use crate::error::unless_stopped;
    pub use automl_candidates::Candidate;
    pub use automl_candidates::is_over;
}

#[cfg(feature = "train")]
pub use automl_candidates::ArchitectureSpace;
pub use automl_data::Subset;
pub use automl_events::{
    Completion, Event, FinalProgress, Network, Progress, ScoreRow, ScoreTable, SearchOutcome,
    Start, Summary, Untrained,
};
pub use automl_settings::{
    BalanceSetting, Bytes, CostObjective, Count, DataSettings, Device, ExportTarget,
    FidelitySettings, LadderSettings, Microseconds, RecipePreset, RungSettings, SearchSettings,
    Settings, SettingsError, SpaceName, Span, TrainingSettings, Trainings, ZeroCostProxy,
    ladder_toml, to_toml,
};
#[cfg(feature = "train")]
pub use engine::{
    Configured, Ready, ResumeError, SamplerSource, SchedulerSource, Search, SearchBuilder, run,
};
#[cfg(feature = "train")]
pub use error::{ConfigurationError, DataError, RecordError, SearchError, TrainingError};
#[cfg(feature = "train")]
pub use file::FileError;
#[cfg(feature = "train")]
pub use network_record::{Compression, Int8Record, Measured, Method, NetworkRecord, Repeat};
#[cfg(feature = "train")]
pub use split::{SplitError, SplitMismatch, SplitSettings};
