//! Labelled images, from standard formats or embedded.

mod cifar;
mod digits;
mod folder;
mod idx;

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why images could not be read. Every variant names the file or folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// No data set has this name.
    #[error("unknown data set {name:?}: one of digits, mnist, fashion-mnist, cifar10, folder")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A data set of files without a folder to find them in.
    #[error("the data set {name:?} needs the folder of its files")]
    NoFolder {
        /// The data set.
        name: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is missing where its data set should be.
    #[error("{} holds no {what}", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
        /// What was looked for.
        what: String,
    },
    /// A file does not hold what its format says.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl DatasetError {
    fn content(path: &Path, reason: impl Into<String>) -> Self {
        Self::Content { path: path.to_owned(), reason: reason.into() }
    }

    fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }
}

/// Square images of one size with their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// Colour channels: 1 or 3.
    pub channels: usize,
    /// Side in pixels.
    pub side: usize,
    /// Pixels `[n, channels, side, side]`.
    pub pixels: Vec<u8>,
    /// The class of each image. `[n]`.
    pub labels: Vec<u16>,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of bytes of one image.
    pub fn size(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// The pixels of one image, `[channels, side, side]`; empty behind the last.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.size();
        self.pixels.get(index * size..(index + 1) * size).unwrap_or_default()
    }

    /// A selection of the images, in its order.
    pub fn select(&self, indexes: &[usize]) -> Self {
        let mut chosen = Self { channels: self.channels, side: self.side, ..Self::default() };
        for &index in indexes.iter().filter(|index| **index < self.len()) {
            chosen.pixels.extend_from_slice(self.image(index));
            chosen.labels.push(self.labels[index]);
        }
        chosen
    }

    /// At most this many of the images, with as large a share of each class, at random.
    pub fn at_most(&self, most: usize, seed: u64) -> Self {
        if self.len() <= most {
            return self.clone();
        }
        let mut chosen = crate::stratify::random(&self.labels, seed)[..most].to_vec();
        chosen.sort_unstable();
        self.select(&chosen)
    }

    /// These images and others of the same shape.
    pub(crate) fn append(&mut self, other: &Self) {
        self.pixels.extend_from_slice(&other.pixels);
        self.labels.extend_from_slice(&other.labels);
    }
}

/// A data set as it comes: images to train on, and official test images where there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// The number of classes.
    pub classes: usize,
    /// The images to train on.
    pub train: Images,
    /// The official test images.
    pub test: Option<Images>,
    /// Whether a mirrored image shows the same class (not so for digits).
    pub mirror: bool,
}

impl Dataset {
    /// The embedded handwritten digits (UCI, 1,797 images of 8x8 in 10 classes).
    ///
    /// # Errors
    /// Never, unless the program's own bytes are damaged.
    pub fn digits() -> Result<Self, DatasetError> {
        digits::load()
    }

    /// A data set by its name: `digits`; `mnist` and `fashion-mnist` (four IDX files, plain or
    /// gzipped); `cifar10` (binary files); `folder` (one folder of PNG, JPEG or BMP images for each
    /// class, resized to `side` pixels). `folder` is where the files lie, or its parent.
    ///
    /// # Errors
    /// An unknown name, files that are missing, truncated or of another format.
    pub fn load(name: &str, folder: Option<&Path>, side: usize) -> Result<Self, DatasetError> {
        let folder = |marker: &str| -> Result<PathBuf, DatasetError> {
            let folder = folder.ok_or_else(|| DatasetError::NoFolder { name: name.into() })?;
            if !folder.is_dir() {
                let error = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(DatasetError::read(folder, error));
            }
            let inner = folder.join(name);
            let has = |folder: &Path| {
                [marker.to_owned(), format!("{marker}.gz")].iter().any(|f| folder.join(f).exists())
            };
            Ok(if !has(folder) && has(&inner) { inner } else { folder.to_owned() })
        };
        match name {
            "digits" => digits::load(),
            "mnist" | "fashion-mnist" => idx::load(name, &folder("train-images-idx3-ubyte")?),
            "cifar10" => {
                let mut folder = folder("data_batch_1.bin")?;
                let unpacked = folder.join("cifar-10-batches-bin");
                if unpacked.is_dir() {
                    folder = unpacked;
                }
                cifar::load(&folder)
            }
            "folder" => folder::load(&folder("")?, side),
            _ => Err(DatasetError::Unknown { name: name.into() }),
        }
    }
}
