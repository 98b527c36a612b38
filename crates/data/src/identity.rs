//! The identity of a data set, by its content.

use crate::dataset::Dataset;
use crate::file_hash::FileHash;
use crate::images::Images;
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// A data set by its content: two data sets with equal fingerprints hold the same images with the
/// same classes, wherever they lie.
///
/// # Examples
/// ```
/// use automl_data::Dataset;
///
/// let digits = Dataset::digits()?;
/// let identity = digits.identity();
/// assert_eq!((identity.images, identity.classes.len()), (1797, 10));
/// let mut other = digits.clone();
/// other.train.labels[0] = 9;
/// assert_ne!(other.identity().fingerprint, identity.fingerprint);
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataIdentity {
    /// Name of the data set, or of its folder.
    pub name: String,
    /// BLAKE3 over names of classes, images and labels, 32 hexadecimal digits.
    pub fingerprint: String,
    /// The number of images in all parts.
    pub images: usize,
    /// The names of the classes, in the order of a network's outputs.
    pub classes: Vec<String>,
    /// Fingerprints of earlier states of the data that were accepted, oldest first: trainings on them
    /// may go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<String>,
}

impl DataIdentity {
    /// Whether a training on data of some fingerprint may go on with these data: they are the same, or
    /// followed them with the user's consent. Records of earlier versions have no fingerprint.
    ///
    /// # Examples
    /// ```
    /// use automl_data::Dataset;
    ///
    /// let identity = Dataset::digits()?.identity();
    /// let mut grown = identity.clone().after(&identity);
    /// grown.fingerprint = "another".into();
    /// assert!(grown.continues(&identity.fingerprint) && !identity.continues("another"));
    /// # Ok::<(), automl_data::DatasetError>(())
    /// ```
    pub fn continues(&self, fingerprint: &str) -> bool {
        fingerprint.is_empty()
            || self.fingerprint == fingerprint
            || self.former.iter().any(|former| former == fingerprint)
    }

    /// The identity of data that follow others with the user's consent.
    pub fn after(mut self, known: &Self) -> Self {
        self.former.clone_from(&known.former);
        self.former.push(known.fingerprint.clone());
        self
    }
}

impl Dataset {
    /// The identity of the data set.
    pub fn identity(&self) -> DataIdentity {
        let mut hasher = blake3::Hasher::new();
        for name in &self.class_names {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        let given = [Some(&self.train), self.validation.as_ref(), self.test.as_ref()];
        let parts = || given.into_iter().flatten();
        parts().for_each(|part| update(&mut hasher, part, &self.files));
        DataIdentity {
            name: self.name.clone(),
            fingerprint: hasher.finalize().to_hex()[..32].to_owned(),
            images: parts().map(Images::len).sum(),
            classes: self.class_names.clone(),
            former: Vec::new(),
        }
    }
}

/// Files count by name and content, so that the side to which they are resized does not matter.
fn update(hasher: &mut blake3::Hasher, images: &Images, files: &[FileHash]) {
    hasher.update(&(images.len() as u64).to_le_bytes());
    if files.is_empty() {
        let Extent { height, width } = images.side;
        // Of a square, the side counts once, as it did when all images were square.
        let shape = [images.channels, height, width];
        for n in &shape[..if height == width { 2 } else { 3 }] {
            hasher.update(&(*n as u64).to_le_bytes());
        }
        for image in images.iter() {
            hasher.update(image);
        }
    }
    for file in images.places().iter().filter_map(|place| files.get(*place as usize)) {
        hasher.update(&(file.name.len() as u64).to_le_bytes());
        hasher.update(file.name.as_bytes());
        hasher.update(file.hash.as_bytes());
    }
    for label in &images.labels {
        hasher.update(&label.to_le_bytes());
    }
}
