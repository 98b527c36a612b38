//! Reasons for which a text is not a list.

use thiserror::Error;

/// The reason for which a text is no list of images with labels.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListError {
    /// There is no text.
    #[error("is empty")]
    Empty,
    /// No columns, or fields, are known as those of image files and of classes.
    #[error("has no columns path and label, but {found}")]
    Columns {
        /// The header or what stands in its place.
        found: String,
    },
    /// A cell begins with a quotation mark and does not end with one.
    #[error("line {line}: a quotation mark is not closed")]
    Quote {
        /// The line in which it stands, from 1 on.
        line: usize,
    },
    /// The text is not JSON.
    #[error("is not valid JSON: {0}")]
    Json(String),
}

impl ListError {
    /// Columns of these names.
    pub(crate) fn columns<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        const NAMED: usize = 8;
        const LONGEST: usize = 40;
        let short = |name: &str| name.trim().chars().take(LONGEST).collect::<String>();
        let mut found: Vec<String> = names.take(NAMED + 1).map(short).collect();
        if found.len() > NAMED {
            found[NAMED] = "...".to_owned();
        }
        let found = found.join(", ");
        let is_plain = !found.is_empty() && !found.contains(char::is_control);
        Self::Columns { found: if is_plain { found } else { "other content".into() } }
    }
}
