//! Descriptions of data sets.

use super::{Dataset, DatasetError};
use std::path::{Path, PathBuf};

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

/// Where the files of a data set are, and the size of its images.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The folder of the files, or its parent.
    pub folder: Option<&'a Path>,
    /// Side in pixels to which images of varying size are resized.
    pub side: usize,
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

impl Source<'_> {
    /// The folder of the data set `name`: the given one, or the folder of that name in it if only
    /// that one has a file called `marker` or `marker.gz`.
    ///
    /// # Errors
    /// [`DatasetError::NoFolder`] or [`DatasetError::Read`].
    pub(super) fn folder(&self, name: &str, marker: &str) -> Result<PathBuf, DatasetError> {
        let folder = self.folder.ok_or_else(|| DatasetError::NoFolder { name: name.into() })?;
        if !folder.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(DatasetError::read(folder, error));
        }
        let inner = folder.join(name);
        let has = |folder: &Path| {
            [marker.to_owned(), format!("{marker}.gz")].iter().any(|f| folder.join(f).exists())
        };
        Ok(if !has(folder) && has(&inner) { inner } else { folder.to_owned() })
    }
}
