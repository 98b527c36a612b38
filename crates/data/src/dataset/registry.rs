//! The list of data sets.

use super::format::DatasetFormat;
use super::{Dataset, DatasetError, digits};
use crate::source::Source;
use automl_extent::Extent;
use automl_pictures::Side;
use std::path::Path;

/// All formats. A new one is a file with its `FORMAT` and a line here.
const FORMATS: &[DatasetFormat] = &[
    digits::FORMAT,
    super::mnist::FORMAT,
    super::fashion_mnist::FORMAT,
    super::cifar10::FORMAT,
    super::cifar100::FORMAT,
    super::folder::FORMAT,
    super::list::FORMAT,
    super::npz::FORMAT,
    super::parquet::FORMAT,
];

impl DatasetFormat {
    /// All formats.
    pub fn all() -> &'static [Self] {
        FORMATS
    }

    /// The format of this name.
    ///
    /// # Errors
    /// [`DatasetError::Unknown`] with the known names.
    pub fn find(name: &str) -> Result<&'static Self, DatasetError> {
        FORMATS.iter().find(|format| format.name == name).ok_or_else(|| {
            let known: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
            DatasetError::Unknown { name: name.into(), known: known.join(", ") }
        })
    }
}

impl Dataset {
    /// The embedded handwritten digits (UCI, 1,797 images of 8x8 in 10 classes).
    ///
    /// # Errors
    /// [`DatasetError::Read`] if the embedded bytes are damaged.
    pub fn digits() -> Result<Self, DatasetError> {
        digits::load()
    }

    /// A data set by the name of its [format](DatasetFormat). `folder` has its files, or is the
    /// parent of such a folder; images of varying size are resized to `side`.
    ///
    /// # Errors
    /// [`DatasetError`] for an unknown name, or files that are missing, truncated or of another
    /// format.
    pub fn load<S: Into<Extent>>(
        name: &str,
        folder: Option<&Path>,
        side: S,
    ) -> Result<Self, DatasetError> {
        let side = Side::Pixels(side.into());
        DatasetFormat::find(name)?.load(&Source { folder, side, ..Source::default() })
    }
}
