//! Descriptions of data sets.

use super::{Dataset, DatasetError};
use crate::source::Source;

/// A format of data sets: name, documentation, files and loader.
///
/// # Examples
/// ```
/// use automl_data::DatasetFormat;
///
/// assert!(DatasetFormat::all().iter().any(|format| format.name == "cifar10"));
/// assert!(DatasetFormat::find("mnist")?.files.is_some());
/// let error = DatasetFormat::find("imagenet").unwrap_err().to_string();
/// assert!(error.starts_with("unknown data set \"imagenet\": one of digits, mnist"));
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DatasetFormat {
    /// Name in settings and on the command line.
    pub name: &'static str,
    /// Documentation in one line.
    pub summary: &'static str,
    /// Files in the folder of the data set; `None` where the images are embedded.
    pub files: Option<&'static str>,
    /// Whether images are resized to [`Source::side`].
    pub is_resized: bool,
    pub(super) load: fn(&Source<'_>) -> Result<Dataset, DatasetError>,
}

impl DatasetFormat {
    /// Reads a data set of this format.
    ///
    /// # Errors
    /// [`DatasetError`] for files that are missing, truncated or of another format.
    pub fn load(&self, source: &Source<'_>) -> Result<Dataset, DatasetError> {
        (self.load)(source)
    }
}
