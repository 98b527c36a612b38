//! The block grammar of light networks: architecture, cost and network.
//!
//! An [`Architecture`] is plain data: an input, two multiples and a chain of [`Layer`]s, each a
//! [`Block`] and how often it is repeated. It lowers to a [`Graph`] chain of primitive nodes,
//! in which equal networks are equal and have the same [fingerprint](Graph::fingerprint).
//! From that one form come the [`Cost`] (parameters, multiply-accumulates, peak activation
//! memory; nothing is built) and the [`Network`], a burn module for any device.
//!
//! ```
//! use automl_arch::{Activation, Architecture, Block, Layer};
//! use automl_models::Network;
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
//! # Ok::<(), automl_arch::ArchitectureError>(())
//! ```

mod attention;
mod convolution;
mod cpu;
mod init;
mod layer;
mod linear;
mod network;
mod nonlinearity;
mod norm;
mod pool;
mod preactivations;
mod weights;

pub use network::Network;
pub use weights::{LoadError, NamedTensor};
