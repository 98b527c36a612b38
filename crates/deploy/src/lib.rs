#![doc = include_str!("../README.md")]

mod atomic;
mod classifier;
mod dead;
mod engine;
mod fold;
pub mod latency;
mod lower;
mod nonlinearity;
pub mod onnx;
mod operation;
mod program;
mod record;
mod unfold;
mod weights;

pub use atomic::write_atomic;
pub use classifier::{Classifier, Prediction};
pub use engine::{Engine, InputError, Session};
pub use lower::LowerError;
pub use nonlinearity::Nonlinearity;
pub use operation::{ChannelConvolution, Convolution, Linear, Operation};
pub use program::{Program, Shape, Step, ValueId};
pub use record::{
    ERRORS_FILE, ErrorSample, ErrorSamples, NETWORK_FILE, NetworkError, NetworkFile,
    TrainedNetwork, TrainingData, WEIGHTS_FILE,
};
pub use weights::{Tensor, Weights, WeightsError};
