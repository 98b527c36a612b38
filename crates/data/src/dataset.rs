//! Data sets.

mod detect;
mod error;
mod format;
mod listing;
mod registry;

mod cifar10;
mod cifar100;
mod digits;
mod fashion_mnist;
mod folder;
mod idx;
mod list;
mod mnist;
mod npz;
mod parquet;

pub use error::DatasetError;
pub use format::DatasetFormat;

use crate::file_hash::FileHash;
use crate::images::Images;
use crate::report::Report;
use automl_pictures::ResizeRule;
use std::sync::Arc;

/// A data set as published: images to train on, and official test images where there are some.
///
/// # Examples
/// ```
/// use automl_data::Dataset;
///
/// let digits = Dataset::load("digits", None, 32)?;
/// assert_eq!((digits.train.len(), digits.train.side, digits.classes), (1797, 8.into(), 10));
/// assert_eq!(digits.class_names[3], "3");
/// assert!(digits.test.is_none());
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name, for records and reports.
    pub name: String,
    /// Number of classes.
    pub classes: usize,
    /// The names of the classes, in the order of the labels.
    pub class_names: Vec<String>,
    /// The images to train on.
    pub train: Images,
    /// The official validation images.
    pub validation: Option<Images>,
    /// The official test images.
    pub test: Option<Images>,
    /// Whether a mirrored image shows the same class (not so for digits).
    pub mirror: bool,
    /// The way in which images got their height and width.
    pub resize: ResizeRule,
    /// The files of the images, by their places; none for data sets in one file.
    pub files: Arc<Vec<FileHash>>,
    /// The median width and height of the images before they were resized.
    pub shown: Option<(u32, u32)>,
    /// Files that were not used, and what else a user should know.
    pub report: Report,
}

impl Dataset {
    /// A data set without official test images.
    pub fn new(name: &str, class_names: Vec<String>, train: Images, mirror: bool) -> Self {
        Self {
            name: name.into(),
            classes: class_names.len(),
            class_names,
            train,
            validation: None,
            test: None,
            mirror,
            resize: ResizeRule::default(),
            files: Arc::default(),
            shown: None,
            report: Report::default(),
        }
    }

    /// The same data set with its classes in another order, such as that of a network's outputs. Where
    /// `names` are not its classes, it stays as it is.
    ///
    /// # Examples
    /// ```
    /// use automl_data::{Dataset, Images};
    ///
    /// let names = ["2", "10"].map(str::to_owned);
    /// let images = Images::new(1, 1, vec![7, 8], vec![0, 1]);
    /// let data = Dataset::new("two", names.to_vec(), images, true);
    /// let data = data.with_class_order(&["10".to_owned(), "2".to_owned()]);
    /// assert_eq!((data.class_names.join(" "), data.train.labels), ("10 2".into(), vec![1, 0]));
    /// ```
    pub fn with_class_order(mut self, names: &[String]) -> Self {
        let place = |name: &String| names.iter().position(|own| own == name);
        let places: Option<Vec<usize>> = self.class_names.iter().map(place).collect();
        let Some(places) = places.filter(|_| names.len() == self.class_names.len()) else {
            return self;
        };
        let parts = [Some(&mut self.train), self.validation.as_mut(), self.test.as_mut()];
        for label in parts.into_iter().flatten().flat_map(|images| &mut images.labels) {
            *label = places.get(usize::from(*label)).map_or(*label, |place| *place as u16);
        }
        self.class_names = names.to_vec();
        self
    }

    /// The same data set with official test images.
    pub fn with_test(self, test: Images) -> Self {
        Self { test: Some(test), ..self }
    }
}

/// The names `0` to `count - 1`.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// Names as owned texts.
fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
