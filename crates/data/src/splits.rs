//! Training, validation and test splits, and the normalization by the training split.

mod assign;
mod describe;
mod kept;

use crate::dataset::Dataset;
use crate::file_hash::FileHash;
use crate::identity::DataIdentity;
use crate::images::Images;
use crate::manifest::Manifest;
use crate::report::Report;
use crate::stratify::random;
use automl_extent::Extent;
use automl_lists::Split;
use automl_pictures::{BACKGROUND, OrientationRule, Preprocessing, ResizeRule, normalize};
pub use describe::ClassCount;

use assign::{Shares, assign, fold_of, valid_share};
use std::sync::Arc;
use thiserror::Error;

/// A data set that cannot be split.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SplitError {
    /// The share is outside (0, 1).
    #[error("the validation share {share} must lie between 0 and 1")]
    Share {
        /// The given share.
        share: f64,
    },
    /// A split would be empty.
    #[error(
        "{images} images of {classes} classes are too few to be split into training, validation and test: at \
         least 3 of a class are needed, or images in folders val and test"
    )]
    TooFew {
        /// The number of images.
        images: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A number of folds that cannot be made.
    #[error("{folds} folds of {images} images: at least 2, at most one for each image")]
    Folds {
        /// The given number.
        folds: usize,
        /// The number of images for training and validation.
        images: usize,
    },
}

/// A data set ready for training: three splits and the statistics for normalization.
///
/// # Examples
/// ```
/// use automl_data::{DataSplits, Dataset, Split};
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
/// let mut pixels = Vec::new();
/// for index in 0..data.train.len() {
///     data.normalize(data.images(Split::Train).image(index), &mut pixels);
/// }
/// let mean = pixels.iter().sum::<f32>() / pixels.len() as f32;
/// assert!(mean.abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DataSplits {
    /// Name of the data set.
    pub name: String,
    /// Color channels.
    pub channels: usize,
    /// Height and width in pixels.
    pub side: Extent,
    /// Number of classes.
    pub classes: usize,
    /// The names of the classes, in the order of the labels.
    pub class_names: Vec<String>,
    /// The identity of the whole data set.
    pub identity: DataIdentity,
    /// The way in which images got their height and width.
    pub resize: ResizeRule,
    /// Whether a mirrored image shows the same class.
    pub mirror: bool,
    /// The training images.
    pub train: Images,
    /// The validation images.
    pub validation: Images,
    /// The test images.
    pub test: Images,
    /// The mean of each channel over the training images, of pixels in `[0, 1]`.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel over the training images.
    pub sd: Vec<f32>,
    /// The files of the images, by their places.
    pub files: Arc<Vec<FileHash>>,
    /// The median width and height of the images before they were resized.
    pub shown: Option<(u32, u32)>,
    /// Files that were not used, and what else a user should know.
    pub report: Arc<Report>,
}

impl DataSplits {
    /// Splits each class at random, by a seed.
    ///
    /// Official validation and test images stay those splits. Where there are no test images, a fifth
    /// of each class becomes that split; `validation` in (0, 1) is the share of the rest that becomes
    /// the validation split where there is none. At least one image of each class is for training.
    /// The statistics for normalization are those of the training split.
    ///
    /// # Errors
    /// [`SplitError`] for a share outside `(0, 1)` or too few images.
    pub fn split(dataset: &Dataset, validation: f64, seed: u64) -> Result<Self, SplitError> {
        let shares = Shares::new(dataset, validation)?;
        let all = &dataset.train;
        let fixed = vec![None; all.len()];
        let parts = assign(&all.labels, &fixed, shares, seed).map(|part| all.select(&part));
        let [train, held, tests] = parts;
        let held = dataset.validation.clone().unwrap_or(held);
        let tests = dataset.test.clone().unwrap_or(tests);
        Self::new(dataset, dataset.identity(), [train, held, tests])
    }

    /// Splits a data set as it was split before: an image with its content in the manifest stays in
    /// its part, wherever its file lies now; new ones are split as by [`DataSplits::split`].
    ///
    /// # Errors
    /// As [`DataSplits::split`].
    pub fn split_as(
        dataset: &Dataset,
        validation: f64,
        seed: u64,
        known: &Manifest,
    ) -> Result<Self, SplitError> {
        if known.files.is_empty() || dataset.files.is_empty() {
            return Self::split(dataset, validation, seed);
        }
        let shares = Shares::new(dataset, validation)?;
        let parts = known.parts();
        let mut all = dataset.train.clone();
        let mut given = vec![None; all.len()];
        let official = [(&dataset.validation, Split::Validation), (&dataset.test, Split::Test)];
        for (images, part) in official {
            let images = images.iter().inspect(|images| all.append(images));
            given.resize(given.len() + images.map(Images::len).sum::<usize>(), Some(part));
        }
        let known = all.places().iter().map(|place| {
            let file = dataset.files.get(*place as usize)?;
            parts.of(&file.name, &file.hash)
        });
        let fixed: Vec<_> = known.zip(given).map(|(known, given)| known.or(given)).collect();
        let parts = assign(&all.labels, &fixed, shares, seed).map(|part| all.select(&part));
        Self::new(dataset, dataset.identity(), parts)
    }

    /// Splits for cross-validation: the test split stays, and each of the `count` results has another
    /// part of the remaining images for validation. The parts hold each class in equal shares, give or
    /// take one image; a class with a single image is for training in all of them. Normalization is
    /// that of each result's own training images.
    ///
    /// # Errors
    /// [`SplitError::Folds`] for fewer than 2 folds or more than images.
    ///
    /// # Examples
    /// ```
    /// use automl_data::{DataSplits, Dataset};
    ///
    /// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
    /// let folds = data.folds(5, 0)?;
    /// let validated: usize = folds.iter().map(|fold| fold.validation.len()).sum();
    /// assert_eq!(validated, 1797 - 359);
    /// assert!(folds.iter().all(|fold| fold.test == data.test));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn folds(&self, count: usize, seed: u64) -> Result<Vec<Self>, SplitError> {
        let mut all = self.train.clone();
        all.append(&self.validation);
        if count < 2 || count > all.len() {
            return Err(SplitError::Folds { folds: count, images: all.len() });
        }
        let fold_of = fold_of(&all.labels, count, seed);
        let fold = |fold: usize| {
            let is_held = |index: &usize| fold_of[*index] == Some(fold);
            let (held, train): (Vec<_>, Vec<_>) = (0..all.len()).partition(is_held);
            let (train, validation) = (all.select(&train), all.select(&held));
            if train.is_empty() || validation.is_empty() {
                return Err(SplitError::Folds { folds: count, images: all.len() });
            }
            let (mean, sd) = statistics(&train);
            Ok(Self { train, validation, mean, sd, ..self.clone() })
        };
        (0..count).map(fold).collect()
    }

    fn new(
        dataset: &Dataset,
        identity: DataIdentity,
        [train, validation, test]: [Images; 3],
    ) -> Result<Self, SplitError> {
        if train.is_empty() || validation.is_empty() || test.is_empty() {
            let images = train.len() + validation.len() + test.len();
            return Err(SplitError::TooFew { images, classes: dataset.classes });
        }
        let (mean, sd) = statistics(&train);
        Ok(Self {
            name: dataset.name.clone(),
            channels: train.channels,
            side: train.side,
            classes: dataset.classes,
            class_names: dataset.class_names.clone(),
            identity,
            resize: dataset.resize,
            mirror: dataset.mirror,
            train,
            validation,
            test,
            mean,
            sd,
            files: Arc::clone(&dataset.files),
            shown: dataset.shown,
            report: Arc::new(dataset.report.clone()),
        })
    }

    /// Whether the images are photographs, as far as can be told: images of color from files, at 48
    /// pixels or more.
    pub fn are_photographs(&self) -> bool {
        self.shown.is_some() && self.channels == 3 && self.side.shorter() >= 48
    }

    /// The images of one split.
    pub fn images(&self, split: Split) -> &Images {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    /// The same data with a smaller training split: a share in [0, 1] of each class, at random.
    /// Subsets of one seed are nested: a smaller one is contained in a larger one.
    pub fn subset(&self, share: f64, seed: u64) -> Self {
        self.prefix(&random(&self.train.labels, seed), share)
    }

    /// The same data with the first `ceil(share n)` of `n` training images in an order of their
    /// indexes, at least one.
    pub fn prefix(&self, order: &[usize], share: f64) -> Self {
        let count = (self.train.len() as f64 * share.clamp(0.0, 1.0)).ceil() as usize;
        let mut chosen = order[..count.max(1).min(order.len())].to_vec();
        chosen.sort_unstable();
        Self { train: self.train.select(&chosen), ..self.clone() }
    }

    /// The same data with a stratified random choice of at most `most` validation images, at least
    /// one.
    pub fn validated_by(&self, most: usize, seed: u64) -> Self {
        Self { validation: self.validation.at_most(most.max(1), seed), ..self.clone() }
    }

    /// The same data at a smaller height and width in pixels, see [`Images::resized`], with new statistics.
    pub fn resized(&self, side: impl Into<Extent>) -> Self {
        let side = side.into().within(self.side);
        if side.pixels() == 0 || side == self.side {
            return self.clone();
        }
        let train = self.train.resized(side);
        let (mean, sd) = statistics(&train);
        Self {
            side: train.side,
            validation: self.validation.resized(side),
            test: self.test.resized(side),
            train,
            mean,
            sd,
            files: Arc::default(),
            ..self.clone()
        }
    }

    /// The same data with the validation images added to the training split, for the final training
    /// of a chosen network. The validation split stays, but is no longer independent.
    pub fn with_validation(&self) -> Self {
        let mut data = self.clone();
        data.train.append(&self.validation);
        data
    }

    /// The same data with a share of each class's training images held out: they become the
    /// validation split, and the validation split becomes the test split. The statistics stay.
    ///
    /// # Errors
    /// As [`DataSplits::split`].
    pub fn hold_out(&self, share: f64, seed: u64) -> Result<Self, SplitError> {
        let shares = Shares { test: 0.0, validation: valid_share(share)? };
        let fixed = vec![None; self.train.len()];
        let [train, held, _] =
            assign(&self.train.labels, &fixed, shares, seed).map(|part| self.train.select(&part));
        if train.is_empty() || held.is_empty() || self.validation.is_empty() {
            return Err(SplitError::TooFew { images: self.train.len(), classes: self.classes });
        }
        Ok(Self { train, validation: held, test: self.validation.clone(), ..self.clone() })
    }

    /// Appends the normalized pixels of one image `[channels, height, width]` to `out`:
    /// `(p / 255 - mean) / sd` by channel.
    pub fn normalize(&self, image: &[u8], out: &mut Vec<f32>) {
        normalize(image, &self.mean, &self.sd, out);
    }

    /// The way from an image file to the inputs of a network for this data.
    pub fn preprocessing(&self) -> Preprocessing {
        Preprocessing {
            channels: self.channels,
            side: self.side,
            resize: self.resize,
            background: BACKGROUND,
            orientation: OrientationRule::Exif,
            mean: self.mean.clone(),
            sd: self.sd.clone(),
        }
    }
}

/// Mean and standard deviation of each channel, of pixels in `[0, 1]`.
fn statistics(images: &Images) -> (Vec<f32>, Vec<f32>) {
    let plane = images.side.pixels();
    let mut sums = vec![(0.0f64, 0.0f64); images.channels];
    let planes = images.iter().flat_map(|image| image.chunks_exact(plane.max(1)));
    for (i, pixels) in planes.enumerate() {
        // Integers are exact, so the order of summation does not matter.
        let (sum, squares) = pixels.iter().fold((0u64, 0u64), |(sum, squares), p| {
            let p = u64::from(*p);
            (sum + p, squares + p * p)
        });
        let slot = &mut sums[i % images.channels];
        slot.0 += sum as f64;
        slot.1 += squares as f64;
    }
    let count = (images.len() * plane).max(1) as f64;
    sums.into_iter()
        .map(|(sum, squares)| {
            let mean = sum / count;
            let variance = (squares / count - mean * mean).max(0.0);
            ((mean / 255.0) as f32, ((variance.sqrt() / 255.0) as f32).max(1e-3))
        })
        .unzip()
}
