//! Reading of lists.

use crate::error::ListError;
use crate::list::List;
use crate::{csv, json, text};

impl List {
    /// Reads a list: in JSON, or else as a table.
    ///
    /// # Errors
    /// [`ListError`] for what is no list of image files with labels.
    ///
    /// # Examples
    /// ```
    /// use automl_lists::{List, ListError};
    ///
    /// let lines = br#"{"image": "1.png", "label": 7}
    /// {"image": "2.png", "label": 8}
    /// {"image": "3.png", "#;
    /// let list = List::read(lines, true)?;
    /// assert_eq!((list.rows.len(), &list.faults[0].place[..]), (2, "line 3"));
    /// let other = List::read(b"day,rain\n1,2\n", false);
    /// assert_eq!(other.unwrap_err().to_string(), "has no columns path and label, but day, rain");
    /// # Ok::<(), ListError>(())
    /// ```
    pub fn read(bytes: &[u8], is_json: bool) -> Result<Self, ListError> {
        let text = text::text(bytes);
        if text.trim().is_empty() {
            return Err(ListError::Empty);
        }
        if is_json { json::list(&text) } else { csv::list(&text) }
    }
}
