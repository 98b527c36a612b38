//! The identity of a data set, by its content.

use crate::dataset::Dataset;
use crate::images::Images;
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
}

impl Dataset {
    /// The identity of the data set.
    pub fn identity(&self) -> DataIdentity {
        let mut hasher = blake3::Hasher::new();
        for name in &self.class_names {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        let tests = self.test.iter();
        for part in std::iter::once(&self.train).chain(tests.clone()) {
            update(&mut hasher, part);
        }
        DataIdentity {
            name: self.name.clone(),
            fingerprint: hasher.finalize().to_hex()[..32].to_owned(),
            images: self.train.len() + tests.map(Images::len).sum::<usize>(),
            classes: self.class_names.clone(),
        }
    }
}

fn update(hasher: &mut blake3::Hasher, images: &Images) {
    let shape = [images.len(), images.channels, images.side];
    for n in shape {
        hasher.update(&(n as u64).to_le_bytes());
    }
    hasher.update(&images.pixels);
    for label in &images.labels {
        hasher.update(&label.to_le_bytes());
    }
}
