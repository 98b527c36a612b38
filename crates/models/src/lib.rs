#![doc = include_str!("../README.md")]

mod attention;
mod channels;
mod convolution;
mod cpu;
mod init;
mod layer;
mod linear;
mod network;
mod noise;
mod nonlinearity;
mod norm;
mod pool;
mod preactivations;
mod slices;
mod weights;

pub use network::Network;
pub use noise::Noise;
pub use slices::{SliceError, add, cut, row_starts};
pub use weights::{LoadError, NamedTensor};
