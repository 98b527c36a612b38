//! ONNX models: opset 17, IR version 8.

mod activation;
mod builder;
mod error;
mod export;
mod import;
mod metadata;
mod normalization;
mod options;
pub mod proto;

pub use activation::activation;
pub use builder::{Attribute, GraphBuilder};
pub use error::OnnxError;
pub use export::float_model;
pub use import::{ImportError, import};
pub use metadata::metadata;
pub use options::{Batch, InputRange, OnnxOptions};
