//! ONNX models: opset 17, IR version 8.

mod activation;
mod builder;
mod error;
mod export;
mod import;
mod metadata;
mod normalization;
pub mod proto;

pub use builder::{Attribute, GraphBuilder};
pub use error::OnnxError;
pub use export::{Batch, InputRange, OnnxOptions, float_model};
pub use import::{ImportError, import};
pub use metadata::metadata;
