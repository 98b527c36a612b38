#![doc = include_str!("../README.md")]

pub mod codec;
pub mod constraints;
pub mod distribution;
pub mod draft;
mod file;
mod lock;
pub mod python;
mod shared;

pub use file::JournalFile;
pub use lock::Lock;
pub use shared::shared_file_system;
