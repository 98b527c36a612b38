//! Lists of images with their labels.

use crate::row::Row;

/// A line without an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place, such as `line 7`.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A list of images with their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Images with their labels.
    pub rows: Vec<Row>,
    /// Lines without an image.
    pub faults: Vec<Fault>,
    /// How the list was read, where a user might expect something else.
    pub notes: Vec<String>,
}

impl List {
    /// A list of rows alone.
    pub(crate) fn of(rows: Vec<Row>) -> Self {
        Self { rows, ..Self::default() }
    }
}
