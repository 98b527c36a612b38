#![doc = include_str!("../README.md")]

pub mod codec;
pub mod distribution;
mod file;
mod lock;

pub use file::JournalFile;
pub use lock::Lock;
