#![doc = include_str!("../README.md")]

mod command;
mod error;
mod event;
mod folder;
mod job;
mod metrics;
mod objective;
mod plan;
mod program;
mod record;
mod run;
mod settings;
mod space_file;
mod summary;
mod template;
mod tune;
mod tuner;

pub use command::CommandError;
pub use error::TuneError;
pub use event::TuneEvent;
pub use metrics::PatternError;
pub use objective::{Fidelity, FidelityError, Limit, LimitError, Objective};
pub use settings::TuneSettings;
pub use space_file::{SpaceFile, SpaceFileError};
pub use summary::BestTrial;
pub use template::TemplateError;
pub use tune::{TuneOutcome, preview, tune};
