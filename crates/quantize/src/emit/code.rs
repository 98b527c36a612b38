//! Generated source files.

use super::unit::{CodeError, SourceFile, Unit};
use super::{c, rust};
use crate::program::Int8Program;

/// The source code of an int8 program.
///
/// The code gives bit for bit the scores of [`Interpreter`](crate::Interpreter). It allocates
/// nothing, contains the kernels of the operations that the network has, and has all activations in
/// one arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedCode {
    /// The files in order.
    pub files: Vec<SourceFile>,
    /// Bytes of the arena.
    pub arena_bytes: usize,
    /// Bytes of the constants.
    pub constant_bytes: usize,
}

impl Int8Program {
    /// The program in C99: `name.c` and `name.h`, without dependencies but `stdint.h` and
    /// `string.h`. Identifiers of the header begin with `name_`.
    ///
    /// On processors with the DSP extension of Arm (`__ARM_FEATURE_DSP`, Cortex-M4 and later) inner
    /// products use its instructions. `int` must have 32 bits, and a right shift of a negative number
    /// must be arithmetic, as all compilers for such processors define.
    ///
    /// # Errors
    /// [`CodeError`] for an invalid identifier, or another number of class names than of
    /// scores.
    pub fn to_c(&self, name: &str, classes: &[String]) -> Result<GeneratedCode, CodeError> {
        let unit = Unit::new(self, name, classes)?;
        Ok(code(&unit, c::files(&unit)))
    }

    /// The program as a crate `name` for `no_std` targets, without dependencies and unsafe code.
    ///
    /// # Errors
    /// [`CodeError`] for an invalid identifier, or another number of class names than of
    /// scores.
    pub fn to_rust(&self, name: &str, classes: &[String]) -> Result<GeneratedCode, CodeError> {
        let unit = Unit::new(self, name, classes)?;
        Ok(code(&unit, rust::files(&unit)))
    }
}

fn code(unit: &Unit<'_>, files: Vec<SourceFile>) -> GeneratedCode {
    let constant_bytes = unit.program.constant_bytes();
    GeneratedCode { files, arena_bytes: unit.layout.bytes, constant_bytes }
}
