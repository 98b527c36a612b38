//! Source code of int8 programs: one list of calls and constants, two syntaxes.

mod c;
mod calls;
mod code;
mod rust;
mod sources;
mod unit;

pub use code::GeneratedCode;
pub use unit::{CodeError, SourceFile};
