//! Fine-tuning of trained networks for int8.

mod error;
mod pointwise;
mod simulated;
mod tuning;

pub use error::Int8Error;
pub use tuning::{Int8Tuning, TunedInt8, tune_int8};
