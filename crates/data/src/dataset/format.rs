//! Descriptions of data sets.

use super::{Dataset, DatasetError};
use automl_pictures::ResizeRule;
use automl_pictures::Side;
use std::fmt;
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

/// Where the files of a data set are, and how its images are read.
///
/// # Examples
/// ```
/// use automl_data::{DatasetFormat, ResizeRule, Side, Source};
///
/// let source = Source { side: Side::Auto, resize: ResizeRule::Crop, ..Source::default() };
/// let digits = DatasetFormat::find("digits")?.load(&source)?;
/// assert_eq!(digits.train.side, 8); // only images of varying size are resized
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The folder of the files, or its parent; for lists and archives, their file.
    pub folder: Option<&'a Path>,
    /// Side to which images of varying size are brought.
    pub side: Side,
    /// The way in which they become square.
    pub resize: ResizeRule,
    /// Channels, 1 or 3. `None`: 1 where all images are grey, else 3.
    pub channels: Option<usize>,
    /// Whether images that cannot be read are refused, not left out.
    pub strict: bool,
    /// The folder of the cache of decoded images.
    pub cache: Option<&'a Path>,
    /// Called with the number of images that are decoded and the number of all.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl Default for Source<'_> {
    fn default() -> Self {
        Self {
            folder: None,
            side: Side::default(),
            resize: ResizeRule::default(),
            channels: None,
            strict: false,
            cache: None,
            progress: &|_, _| {},
        }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("folder", &self.folder)
            .field("side", &self.side)
            .field("resize", &self.resize)
            .finish_non_exhaustive()
    }
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

impl<'a> Source<'a> {
    /// The folder or file of the data set `name`.
    ///
    /// # Errors
    /// [`DatasetError::NoFolder`], [`DatasetError::Read`], or [`DatasetError::Content`] for what is
    /// neither a folder nor a regular file.
    pub(super) fn place(&self, name: &str) -> Result<&'a Path, DatasetError> {
        let path = self.folder.ok_or_else(|| DatasetError::NoFolder { name: name.into() })?;
        let found = std::fs::metadata(path).map_err(|error| DatasetError::read(path, error))?;
        if found.is_dir() || found.is_file() {
            return Ok(path);
        }
        Err(DatasetError::content(path, "is neither a folder nor a file"))
    }

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
