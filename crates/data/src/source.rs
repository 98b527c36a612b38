//! Where the files of a data set are, and how its images are read.

use crate::DatasetError;
use automl_pictures::{ResizeRule, Side};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the files of a data set are, and how its images are read.
///
/// # Examples
/// ```
/// use automl_data::{DatasetFormat, ResizeRule, Side, Source};
///
/// let source = Source { side: Side::Auto, resize: ResizeRule::Crop, ..Source::default() };
/// let digits = DatasetFormat::find("digits")?.load(&source)?;
/// assert!(digits.train.side == 8); // only images of varying size are resized
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The folder of the files, or its parent; for lists and archives, their file.
    pub folder: Option<&'a Path>,
    /// Height and width to which images of varying size are brought.
    pub side: Side,
    /// The way in which they are brought to these.
    pub resize: ResizeRule,
    /// Channels, 1 or 3. `None`: 1 where all images are grey, else 3.
    pub channels: Option<usize>,
    /// Whether images that cannot be read are refused, not left out.
    pub strict: bool,
    /// The folder of the cache of decoded images.
    pub cache: Option<&'a Path>,
    /// Called with the number of images that are decoded and the number of all.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Asked before each image: whether reading is to end, with [`DatasetError::Stopped`].
    pub stop: &'a (dyn Fn() -> bool + Sync),
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
            stop: &|| false,
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

impl<'a> Source<'a> {
    /// The folder or file of the data set `name`.
    ///
    /// # Errors
    /// [`DatasetError::NoFolder`], [`DatasetError::Read`], or [`DatasetError::Content`] for what is
    /// neither a folder nor a regular file.
    pub(crate) fn place(&self, name: &str) -> Result<&'a Path, DatasetError> {
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
    pub(crate) fn folder(&self, name: &str, marker: &str) -> Result<PathBuf, DatasetError> {
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
