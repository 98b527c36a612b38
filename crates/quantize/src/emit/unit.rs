//! A program with its names, as both syntaxes take it.

use super::calls::{Calls, Constant, Numbers};
use crate::layout::Layout;
use crate::program::Int8Program;
use std::fmt::Write;
use thiserror::Error;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path in the folder of the code, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A name or list of classes that source code cannot have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The name is not an identifier.
    #[error(
        "{name:?} cannot name the code: it must begin with a letter and have letters, digits and _ only"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is another number of class names than of scores.
    #[error("there are {found} names of classes for {expected} scores")]
    Classes {
        /// Number of names.
        found: usize,
        /// Number of scores.
        expected: usize,
    },
}

/// A program with its names, ready to be written in either syntax.
pub(super) struct Unit<'a> {
    /// An identifier.
    pub(super) name: &'a str,
    /// Names of the classes in order.
    pub(super) classes: &'a [String],
    pub(super) program: &'a Int8Program,
    pub(super) layout: Layout,
    pub(super) calls: Calls,
}

impl<'a> Unit<'a> {
    pub(super) fn new(
        program: &'a Int8Program,
        name: &'a str,
        classes: &'a [String],
    ) -> Result<Self, CodeError> {
        let valid = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid {
            return Err(CodeError::Name { name: name.to_owned() });
        }
        let (found, expected) = (classes.len(), program.classes());
        if found != expected {
            return Err(CodeError::Classes { found, expected });
        }
        let layout = Layout::new(program, &program.memory());
        let calls = Calls::new(program, &layout);
        Ok(Self { name, classes, program, layout, calls })
    }
}

impl Constant {
    /// Number of numbers.
    pub(super) fn len(&self) -> usize {
        match &self.numbers {
            Numbers::I8(numbers) => numbers.len(),
            Numbers::U8(numbers) => numbers.len(),
            Numbers::I32(numbers) => numbers.len(),
        }
    }

    /// The numbers, separated by commas, in indented lines of at most 100 columns.
    pub(super) fn list(&self) -> String {
        let numbers: Vec<String> = match &self.numbers {
            Numbers::I8(numbers) => numbers.iter().map(i8::to_string).collect(),
            Numbers::U8(numbers) => numbers.iter().map(u8::to_string).collect(),
            Numbers::I32(numbers) => numbers.iter().map(i32::to_string).collect(),
        };
        let (mut text, mut column) = (String::new(), 100);
        for number in numbers {
            if column + number.len() + 2 > 100 {
                text.push_str("\n   ");
                column = 3;
            }
            let _ = write!(text, " {number},");
            column += number.len() + 2;
        }
        text.push('\n');
        text
    }
}
