#![doc = include_str!("../README.md")]

mod activation;
mod architecture;
pub mod block;
mod block_space;
mod board;
mod builder;
mod check;
mod cost;
mod error;
mod graph;
mod limits;
mod lower;
mod memory;
pub mod nas_bench_macro;
mod network_space;
mod network_spec;
mod op;
mod resolution;
mod row;
mod yaml;

pub use activation::Activation;
pub use architecture::{Architecture, Layer};
pub use block::Block;
pub use block_space::{BlockSpace, BlockSpaceError, BlockSpaceOptions};
pub use board::{Board, UnknownBoard};
pub use builder::{NodeOrigin, make_divisible};
pub use check::GraphError;
pub use cost::Cost;
pub use error::ArchitectureError;
pub use graph::Graph;
pub use memory::{MemoryPlan, MemoryStep};
pub use network_space::NetworkSpace;
pub use network_spec::{NetworkSpec, NetworkSpecError};
pub use op::{Convolution, Gate, Op, Pooling};
pub use row::YamlError;
