//! Mutated files and requests for everything that reads them: `cargo xtask fuzz`.
//!
//! A [`Target`] is a reader with its corpus. What it reads may be refused, and must not panic, hang or
//! allocate without a limit. Each input follows from the name of the target and a number, so that a
//! finding can be looked at again; a file in `testdata/TARGET` is part of the corpus and read first.

mod corpus;
mod mutate;
mod run;
mod target;
mod targets;

pub use run::{Finding, run};
pub use target::Target;
pub use targets::targets;
