//! Source code of int8 programs: one list of calls and constants, two syntaxes.

mod c;
mod calls;
mod code;
mod rust;
mod sources;

pub use code::{CodeError, GeneratedCode, SourceFile};
