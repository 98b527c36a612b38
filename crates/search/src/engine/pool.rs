//! Worker threads.

pub use automl_train::{Pool, lock};
