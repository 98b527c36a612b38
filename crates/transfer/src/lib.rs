#![doc = include_str!("../README.md")]

mod error;
mod map;
mod portfolio;
mod read;
mod rename;
mod spec;
mod warm_start;

pub use error::TransferError;
pub use portfolio::portfolio;
pub use read::{Found, read};
pub use rename::Renames;
pub use spec::SourceSpec;
pub use warm_start::WarmStart;
