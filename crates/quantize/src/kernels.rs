//! Integer kernels: the arithmetic of the interpreter, and the text of generated programs.
//!
//! Each kernel is one file, in Rust and in C. The interpreter runs the Rust one, a generated crate
//! contains the same file, and a generated C file the other, with the same parameters in the same
//! order (slices have no length in C, which is an argument there).

pub(crate) mod add;
pub(crate) mod along_channels;
pub(crate) mod average;
pub(crate) mod convolution;
pub(crate) mod depthwise;
pub(crate) mod dot;
pub(crate) mod grouped;
pub(crate) mod join;
pub(crate) mod matrix;
pub(crate) mod max_pool;
pub(crate) mod pixels;
pub(crate) mod requantize;
pub(crate) mod rescale;
pub(crate) mod scale;
pub(crate) mod split;
pub(crate) mod table;
pub(crate) mod take;
pub(crate) mod total;
