#![doc = include_str!("../README.md")]

mod columns;
mod csv;
mod error;
mod json;
mod line;
mod list;
mod names;
mod read;
mod row;
mod split;
mod table;
mod text;

pub use error::ListError;
pub use list::{Fault, List};
pub use names::{folded, lossless, natural, own_name, part, shown, without_fractions};
pub use row::Row;
pub use split::Split;
