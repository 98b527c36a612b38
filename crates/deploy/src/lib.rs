#![doc = include_str!("../README.md")]

mod dead;
mod fold;
mod lower;
mod nonlinearity;
mod operation;
mod program;
mod weights;

pub use lower::LowerError;
pub use nonlinearity::Nonlinearity;
pub use operation::{ChannelConvolution, Convolution, Linear, Operation};
pub use program::{Program, Shape, Step, ValueId};
pub use weights::{Tensor, Weights, WeightsError};
