//! Data sets.

mod error;
mod format;
mod registry;

mod cifar10;
mod digits;
mod fashion_mnist;
mod folder;
mod idx;
mod mnist;

pub use error::DatasetError;
pub use format::{DatasetFormat, Source};

use crate::images::Images;

/// A data set as published: images to train on, and official test images where there are some.
///
/// # Examples
/// ```
/// use automl_data::Dataset;
///
/// let digits = Dataset::load("digits", None, 32)?;
/// assert_eq!((digits.train.len(), digits.train.side, digits.classes), (1797, 8, 10));
/// assert!(digits.test.is_none());
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name, for records and reports.
    pub name: String,
    /// Number of classes.
    pub classes: usize,
    /// The images to train on.
    pub train: Images,
    /// The official test images.
    pub test: Option<Images>,
    /// Whether a mirrored image shows the same class (not so for digits).
    pub mirror: bool,
}
