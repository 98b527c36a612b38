#![doc = include_str!("../README.md")]

mod event;
mod outcome;

pub use event::{
    Event, FinalProgress, Network, Progress, ScoreRow, ScoreTable, Start, Summary, Untrained,
};
pub use outcome::{Completion, SearchOutcome};
