//! One line of a list.

use crate::names::part;
use crate::split::Split;

/// One line of a list: an image and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file, with `/` between folders.
    pub path: String,
    /// The class; empty where the list has none.
    pub label: String,
    /// The part of the data set.
    pub part: Option<Split>,
    /// A text in the column of parts, other than the names of parts.
    pub other_part: Option<String>,
}

impl Row {
    pub(crate) fn new(path: &str, label: &str) -> Self {
        let path = path.trim().replace('\\', "/");
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        Self { path, label: label.trim().to_owned(), part: None, other_part: None }
    }

    /// The same row in the part that a text names.
    pub(crate) fn in_part(self, text: &str) -> Self {
        let part = part(text);
        let other_part = (part.is_none() && !text.is_empty()).then(|| text.to_owned());
        Self { part, other_part, ..self }
    }
}
