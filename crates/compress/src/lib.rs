#![doc = include_str!("../README.md")]

mod budget;
mod decompose;
mod error;
pub mod factor;
mod fine_tuning;
mod goal;
mod groups;
mod importance;
mod model;
mod pipeline;
mod prune;
mod rank;
mod tree;

pub use budget::Budget;
pub use decompose::{DecomposeError, Decomposition, RankRule, Ranks};
pub use error::CompressError;
pub use fine_tuning::{Callbacks, CompressionEvent, FineTuning, fine_tuning, tune};
pub use goal::{Goal, GoalError};
pub use groups::Groups;
pub use importance::Importance;
pub use model::{Model, ModelError};
pub use pipeline::{Pruning, RankTarget, both_and_tune, decompose_and_tune, prune_and_tune};
pub use prune::{MinChannels, PruneError, mask, prune, remove};
pub use rank::{energy_rank, evbmf_rank};
