//! The files of a data set with their parts, as a study keeps them.

mod changes;

pub use changes::Changes;

use crate::dataset::Dataset;
use crate::identity::DataIdentity;
use crate::images::Images;
use automl_extent::Extent;
use automl_lists::Split;
use automl_pictures::{ResizeRule, regular};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A manifest that cannot be read or written.
#[derive(Debug, Error)]
#[error("{}: {source}", path.display())]
pub struct ManifestError {
    /// The file.
    pub path: PathBuf,
    /// The cause.
    pub source: std::io::Error,
}

/// One image file of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its name within the data set.
    pub name: String,
    /// BLAKE3 of its content, 32 hexadecimal digits.
    pub hash: String,
    /// The index of its class.
    pub class: u16,
    /// The part that it was assigned to.
    pub part: Split,
}

/// The identity of a data set with the part of each file, in `data.json` of a study or a network.
///
/// It tells what changed in a data set, and keeps the split when images are added: an image stays in
/// its part by its content, so none of the test images is ever trained on.
///
/// # Examples
/// ```
/// use automl_data::{DataSplits, Dataset, Manifest};
///
/// let digits = Dataset::digits()?;
/// let manifest = DataSplits::split(&digits, 0.2, 0)?.manifest();
/// assert!(manifest.changes(&digits).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The identity of the whole data set.
    pub identity: DataIdentity,
    /// Height and width of the images in pixels.
    pub side: Extent,
    /// The channels of the images.
    pub channels: usize,
    /// The way in which images got their height and width.
    pub resize: ResizeRule,
    /// The files; none for data sets in one file.
    pub files: Vec<ManifestFile>,
    /// Files of before that are gone: should they come back, they have their part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<ManifestFile>,
}

impl Manifest {
    /// The name of its file in the folder of a study or a network.
    pub const FILE: &str = "data.json";

    /// The manifest in a folder; `None` if there is none.
    ///
    /// # Errors
    /// [`ManifestError`] for a file that cannot be read or is no manifest.
    pub fn read(folder: &Path) -> Result<Option<Self>, ManifestError> {
        let path = folder.join(Self::FILE);
        let text = match regular::read_text(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ManifestError { path, source }),
        };
        let manifest = serde_json::from_str(&text);
        manifest.map(Some).map_err(|error| ManifestError { path, source: error.into() })
    }

    /// Writes the manifest into a folder; its file is complete or absent.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn write(&self, folder: &Path) -> Result<(), ManifestError> {
        let path = folder.join(Self::FILE);
        let own = folder.join(format!("{}.{}.part", Self::FILE, std::process::id()));
        let write = || -> std::io::Result<()> {
            std::fs::write(&own, serde_json::to_string(self)?)?;
            std::fs::rename(&own, &path)
        };
        write().map_err(|source| {
            // A part of a file helps nobody, on a full disk least of all.
            let _ = std::fs::remove_file(&own);
            ManifestError { path: path.clone(), source }
        })
    }

    /// This manifest after an earlier one: it remembers files that are gone.
    pub fn after(mut self, earlier: &Self) -> Self {
        let own: HashSet<&str> = self.files.iter().map(|file| file.hash.as_str()).collect();
        let all = earlier.files.iter().chain(&earlier.gone);
        self.gone = all.filter(|file| !own.contains(file.hash.as_str())).cloned().collect();
        self
    }

    /// The parts of known files, by content.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let mut parts = Parts::default();
        for file in self.files.iter().chain(&self.gone) {
            parts.by_name.insert((&file.name, &file.hash), file.part);
            // Of copies in several parts, those that are not trained on decide for new ones.
            let part = parts.by_hash.entry(&file.hash).or_insert(file.part);
            *part = (*part).max(file.part);
        }
        parts
    }
}

/// The parts of the files of a manifest.
#[derive(Debug, Default)]
pub(crate) struct Parts<'a> {
    by_name: HashMap<(&'a str, &'a str), Split>,
    by_hash: HashMap<&'a str, Split>,
}

impl Parts<'_> {
    /// The part of a file; `None` for a new one.
    pub(crate) fn of(&self, name: &str, hash: &str) -> Option<Split> {
        self.by_name.get(&(name, hash)).or_else(|| self.by_hash.get(hash)).copied()
    }
}

impl Dataset {
    /// The files of all parts with their classes.
    fn entries(&self) -> Vec<ManifestFile> {
        let given = [
            (Some(&self.train), Split::Train),
            (self.validation.as_ref(), Split::Validation),
            (self.test.as_ref(), Split::Test),
        ];
        let parts = given.into_iter().filter_map(|(images, part)| Some((images?, part)));
        parts.flat_map(|(images, part)| entries(&self.files, images, part)).collect()
    }
}

/// The files of some images with their classes.
pub(crate) fn entries<'a>(
    files: &'a [crate::FileHash],
    images: &'a Images,
    part: Split,
) -> impl Iterator<Item = ManifestFile> + 'a {
    images.places().iter().zip(&images.labels).filter_map(move |(place, class)| {
        let file = files.get(*place as usize)?;
        Some(ManifestFile { name: file.name.clone(), hash: file.hash.clone(), class: *class, part })
    })
}
