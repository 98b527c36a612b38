//! The block grammar of light networks: architecture, cost and network.
//!
//! An [`Architecture`] is plain data: an input, two multiples and a chain of [`Layer`]s, each a
//! [`Block`] and how often it is repeated. It lowers to a [`Canonical`] chain of primitive nodes,
//! in which equal networks are equal and have the same [fingerprint](Canonical::fingerprint).
//! From that one form come the [`Cost`] (parameters, multiply-accumulates, peak activation
//! memory; nothing is built) and the [`Network`], a burn module for any device.
//!
//! ```
//! use automl_models::{Activation, Architecture, Block, Layer, Network};
//! use burn::tensor::{Device, Tensor};
//!
//! let architecture = Architecture::new(1, 8, [
//!     Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
//!     Layer::new(2, Block::inverted_residual(3, 4.0, 24, 2)),
//!     Layer::once(Block::GlobalAvgPool),
//!     Layer::once(Block::Flatten),
//!     Layer::once(Block::linear(10)),
//! ]);
//! let cost = architecture.cost()?;
//! assert!(cost.parameters < 10_000);
//!
//! let device = Device::flex();
//! let network = Network::new(&architecture, 0, &device)?;
//! let scores = network.forward(Tensor::zeros([4, 1, 8, 8], &device));
//! assert_eq!(scores.dims(), [4, 10]);
//! # Ok::<(), automl_models::ArchitectureError>(())
//! ```

mod architecture;
mod block;
mod block_space;
mod canonical;
mod check;
mod cost;
mod lower;
pub mod nas_bench_macro;
mod network;
mod network_space;
mod side;
mod yaml;

pub use architecture::{Architecture, ArchitectureError, Layer, Place};
pub use block::{Activation, Block};
pub use block_space::{BlockSpace, BlockSpaceError, BlockSpaceOptions};
pub use canonical::{Canonical, Convolution, Gate, Node, Pooling};
pub use check::CanonicalError;
pub use cost::Cost;
pub use lower::make_divisible;
pub use network::{LoadError, NamedTensor, Network};
pub use network_space::NetworkSpace;
pub use yaml::YamlError;
