//! The block grammar of light networks: architecture, graph, cost and search spaces.
//!
//! An [`Architecture`] is plain data: an input, two multiples and a chain of [`Layer`]s, each a
//! [`Block`] and the number of its copies. It lowers to a [`Graph`] of primitive operations, in
//! which equal networks are equal and have the same [fingerprint](Graph::fingerprint). The [`Cost`]
//! (parameters, multiply-accumulates, peak activation memory) is counted from the graph; nothing is
//! built.
//!
//! ```
//! use automl_arch::{Activation, Architecture, Block, Layer};
//!
//! let architecture = Architecture::new(1, 8, [
//!     Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
//!     Layer::new(2, Block::inverted_residual(3, 4.0, 24, 2)),
//!     Layer::once(Block::GlobalAvgPool),
//!     Layer::once(Block::Flatten),
//!     Layer::once(Block::linear(10)),
//! ]);
//! assert!(architecture.cost()?.parameters < 10_000);
//! # Ok::<(), automl_arch::ArchitectureError>(())
//! ```

mod activation;
mod architecture;
pub mod block;
mod block_space;
mod builder;
mod check;
mod cost;
mod error;
mod graph;
mod limits;
mod lower;
pub mod nas_bench_macro;
mod network_space;
mod network_spec;
mod op;
mod resolution;
mod yaml;

pub use activation::Activation;
pub use architecture::{Architecture, Layer};
pub use block::Block;
pub use block_space::{BlockSpace, BlockSpaceError, BlockSpaceOptions};
pub use builder::{NodeOrigin, make_divisible};
pub use check::GraphError;
pub use cost::Cost;
pub use error::ArchitectureError;
pub use graph::Graph;
pub use network_space::NetworkSpace;
pub use network_spec::{NetworkSpec, NetworkSpecError};
pub use op::{Convolution, Gate, Op, Pooling};
pub use yaml::YamlError;
