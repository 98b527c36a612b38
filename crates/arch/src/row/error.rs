//! Errors of reading configurations.

use crate::error::ArchitectureError;

/// A configuration that cannot be read. Blocks are counted from 0, those of the head after those of the
/// backbone.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// The text is not YAML, or not of this form.
    #[error("not a model configuration: {message}")]
    Syntax {
        /// Message of the parser, with the line.
        message: String,
    },
    /// A key that the format does not have.
    #[error("the configuration has the unknown key {key:?}{hint}: {known}")]
    Key {
        /// The key.
        key: String,
        /// The nearest key, in words; empty where none is near.
        hint: String,
        /// All keys.
        known: String,
    },
    /// A key is missing or has a value of the wrong kind.
    #[error("{key} must be {expected}, not {found}")]
    Setting {
        /// The key.
        key: &'static str,
        /// The expected kind of value.
        expected: &'static str,
        /// The given value.
        found: String,
    },
    /// The size of the images is in neither the file nor the call.
    #[error("the configuration has no input_size: add a line such as input_size: [32, 32]")]
    NoInputSize,
    /// The size of the images has more than two numbers, or none.
    #[error("input_size must be one side or [height, width], not {sides:?}")]
    InputSize {
        /// The given sides.
        sides: Vec<usize>,
    },
    /// A row is not `[repeat, module, arguments]`, with a map of arguments by name behind it or not.
    #[error("block {block} must read [repeat, module, [arguments]]")]
    Row {
        /// Index of the row.
        block: usize,
    },
    /// A row takes its input from a row other than the one before it.
    #[error("block {block} comes from {from}; only chains (-1) can be read")]
    From {
        /// Index of the row.
        block: usize,
        /// Its `from` index.
        from: String,
    },
    /// The grammar has no module of this name.
    #[error("block {block}: no module is called {name:?}; the modules: {known}")]
    Module {
        /// Index of the row.
        block: usize,
        /// The given name.
        name: String,
        /// The names of all modules.
        known: String,
    },
    /// An argument is missing, superfluous or of the wrong kind.
    #[error("block {block} ({name}): argument {position} must be {expected}, not {found}")]
    Argument {
        /// Index of the row.
        block: usize,
        /// Name of the module.
        name: String,
        /// Position of the argument, from 1.
        position: usize,
        /// The expected kind of value.
        expected: &'static str,
        /// The given value.
        found: String,
    },
    /// An argument by name is unknown, stands twice or is of the wrong kind.
    #[error("block {block} ({name}): {argument:?} {reason}")]
    Keyword {
        /// Index of the row.
        block: usize,
        /// Name of the module.
        name: String,
        /// Name of the argument.
        argument: String,
        /// The explanation.
        reason: String,
    },
    /// The configuration is well-formed, but the network cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
}
