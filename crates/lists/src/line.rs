//! One line of a table.

/// A line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its place, such as `line 7`.
    pub place: String,
    pub cells: Vec<String>,
}

impl Line {
    /// A cell with content.
    pub(crate) fn cell(&self, at: usize) -> Option<&str> {
        self.cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }
}
