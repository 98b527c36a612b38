//! Training, validation and test splits, and the normalization by the training split.

use crate::dataset::Dataset;
use crate::identity::DataIdentity;
use crate::images::Images;
use crate::preprocessing::{BACKGROUND, OrientationRule, Preprocessing, normalize};
use crate::resize_rule::ResizeRule;
use crate::stratify::{random, shuffled_classes};
use thiserror::Error;

/// The share of the images that becomes the test split where there is no official one.
const TEST_SHARE: f64 = 0.2;

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
    #[error("{images} images are too few to be split into training, validation and test")]
    TooFew {
        /// The number of images.
        images: usize,
    },
}

/// One of the three splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Images that networks are trained on.
    Train,
    /// Images that networks are chosen by.
    Validation,
    /// Images that a final network is judged by, once.
    Test,
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
    /// Side in pixels.
    pub side: usize,
    /// Number of classes.
    pub classes: usize,
    /// The names of the classes, in the order of the labels.
    pub class_names: Vec<String>,
    /// The identity of the whole data set.
    pub identity: DataIdentity,
    /// The way in which images became square.
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
}

impl DataSplits {
    /// Splits each class at random, by a seed.
    ///
    /// Official test images stay the test split; where there are none, a fifth of the images becomes
    /// it. `validation` in (0, 1) is the share of the rest that becomes the validation split. The
    /// statistics for normalization are those of the training split.
    ///
    /// # Errors
    /// [`SplitError`] for a share outside `(0, 1)` or too few images.
    pub fn split(dataset: &Dataset, validation: f64, seed: u64) -> Result<Self, SplitError> {
        if !(validation > 0.0 && validation < 1.0) {
            return Err(SplitError::Share { share: validation });
        }
        let all = &dataset.train;
        let classes = shuffled_classes(&all.labels, seed);
        let (mut train, mut held, mut test) = (Vec::new(), Vec::new(), Vec::new());
        for class in classes {
            let tested = if dataset.test.is_some() { 0.0 } else { TEST_SHARE };
            let cut = (class.len() as f64 * tested).round() as usize;
            let (own_test, rest) = class.split_at(cut);
            let cut = (rest.len() as f64 * validation).round() as usize;
            test.extend_from_slice(own_test);
            held.extend_from_slice(&rest[..cut]);
            train.extend_from_slice(&rest[cut..]);
        }
        for part in [&mut train, &mut held, &mut test] {
            part.sort_unstable();
        }
        let tests = dataset.test.clone().unwrap_or_else(|| all.select(&test));
        if train.is_empty() || held.is_empty() || tests.is_empty() {
            return Err(SplitError::TooFew { images: all.len() });
        }
        let parts = [all.select(&train), all.select(&held), tests];
        Ok(Self::new(dataset, dataset.identity(), parts))
    }

    fn new(
        dataset: &Dataset,
        identity: DataIdentity,
        [train, validation, test]: [Images; 3],
    ) -> Self {
        let (mean, sd) = statistics(&train);
        Self {
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
        }
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

    /// The same data at a smaller side in pixels, see [`Images::resized`], with new statistics.
    pub fn resized(&self, side: usize) -> Self {
        let train = self.train.resized(side);
        let (mean, sd) = statistics(&train);
        Self {
            side: train.side,
            validation: self.validation.resized(side),
            test: self.test.resized(side),
            train,
            mean,
            sd,
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
        let names = self.class_names.clone();
        let dataset = Dataset::new(&self.name, names, self.train.clone(), self.mirror)
            .with_test(self.validation.clone());
        let Self { train, validation, test, .. } = Self::split(&dataset, share, seed)?;
        Ok(Self { train, validation, test, ..self.clone() })
    }

    /// Appends the normalized pixels of one image `[channels, side, side]` to `out`:
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
    let plane = images.side * images.side;
    let mut sums = vec![(0.0f64, 0.0f64); images.channels];
    for (i, pixels) in images.pixels.chunks_exact(plane).enumerate() {
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
