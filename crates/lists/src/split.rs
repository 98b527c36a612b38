//! The parts of a data set.

use serde::{Deserialize, Serialize};

/// One of the three splits.
///
/// # Examples
/// ```
/// use automl_lists::Split;
///
/// assert_eq!(serde_json::to_string(&Split::Validation)?, "\"validation\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Images that networks are trained on.
    Train,
    /// Images that networks are chosen by.
    Validation,
    /// Images that a final network is judged by, once.
    Test,
}
