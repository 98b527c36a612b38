#![doc = include_str!("../README.md")]

pub mod correlation;
pub mod linalg;
pub mod normal;
pub mod order;
pub mod pareto;
pub mod regression;
pub mod simd;
pub mod stream;
pub mod vector;

pub use stream::{Stream, stream};
