#![doc = include_str!("../README.md")]

mod calibrate;
mod emit;
mod float;
mod histogram;
mod images;
mod interpreter;
mod kernels;
mod layout;
mod lower;
mod multiplier;
mod onnx;
mod program;
mod scale;
mod split_activations;

pub use emit::{CodeError, GeneratedCode, SourceFile};
pub use interpreter::Interpreter;
pub use lower::{QuantizeError, weight_step};
pub use multiplier::Multiplier;
pub use program::{Int8Operation, Int8Program, Int8Step, Int8Value, Products, Window};
pub use scale::Scale;
