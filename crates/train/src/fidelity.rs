//! Fidelities: settings of cheaper trainings, and their cost.

use crate::subset::{self, Reference};
use crate::{Subset, TrainError, Training};
use automl_arch::Architecture;
use automl_data::{DataSplits, Recipe};
use automl_extent::Extent;
use burn::tensor::Device;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A forward pass per image of validation, in units of one training step per image: the backward
/// pass costs about two forward ones.
const EVALUATION: f64 = 1.0 / 3.0;

/// Reasons for which a fidelity is invalid.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FidelityError {
    /// `epochs` is 0.
    #[error("a fidelity needs at least one epoch")]
    Epochs,
    /// `share` is outside (0, 1].
    #[error("the share of the training images must lie in (0, 1], not {share}")]
    Share {
        /// The share.
        share: f64,
    },
    /// `share` leaves fewer than two images.
    #[error("a share of {share} of {images} training images is less than the two that are needed")]
    TooFew {
        /// The share.
        share: f64,
        /// Number of training images.
        images: usize,
    },
    /// `side` is below 2 pixels or above the images' own height or width.
    #[error("the side must lie between 2 and the images' own {own} pixels, not {side}")]
    Side {
        /// The height and width.
        side: Extent,
        /// Height and width of the images of the data.
        own: Extent,
    },
    /// The images to keep could not be chosen.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Fidelity of a training: epochs, share and choice of the images, and their height and width.
///
/// # Examples
/// ```
/// use automl_data::{DataSplits, Dataset};
/// use automl_train::{Fidelity, Subset};
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.15, 0)?;
/// let full = Fidelity::full(&data, 27);
/// let cheap = Fidelity { epochs: 3, share: 0.25, subset: Subset::Random, side: 8.into() };
/// cheap.check(&data)?;
/// assert!(cheap.work(1e6, &data) < full.work(1e6, &data) / 10.0);
/// assert_eq!(cheap.to_string(), "3 epochs, 25 % of the images (random), 8 pixels");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fidelity {
    /// Epochs, at least 1.
    pub epochs: u64,
    /// The share of the training images, in (0, 1].
    pub share: f64,
    /// Strategy that chooses them.
    pub subset: Subset,
    /// The height and width of the images in pixels, at most their own.
    pub side: Extent,
}

impl Fidelity {
    /// Fidelity of all training images at their own height and width.
    pub fn full(data: &DataSplits, epochs: u64) -> Self {
        Self { epochs, share: 1.0, subset: Subset::Random, side: data.side }
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn check(&self, data: &DataSplits) -> Result<(), FidelityError> {
        if self.epochs == 0 {
            return Err(FidelityError::Epochs);
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(FidelityError::Share { share: self.share });
        }
        let images = data.train.len();
        if self.share * (images as f64) < 2.0 {
            return Err(FidelityError::TooFew { share: self.share, images });
        }
        let outside = |side: usize, own: usize| side > own || side < 2.min(own);
        let (side, own) = (self.side, data.side);
        if outside(side.height, own.height) || outside(side.width, own.width) {
            return Err(FidelityError::Side { side, own });
        }
        Ok(())
    }

    /// `true` if a training at this fidelity can continue at the other: they differ in epochs only.
    pub fn continues(&self, other: &Self) -> bool {
        let rest = |f: &Self| (f.share, f.side, f.subset);
        rest(self) == rest(other) || (self.share, other.share, self.side) == (1.0, 1.0, other.side)
    }

    /// Work of a training with one evaluation: `macs (epochs share images + validation / 3)`,
    /// with `macs` the multiply-accumulates of one image at this side. The unit is a training step's
    /// work on one image per multiply-accumulate of its forward pass.
    pub fn work(&self, macs: f64, data: &DataSplits) -> f64 {
        let trained = self.epochs as f64 * self.share * data.train.len() as f64;
        macs * (trained + EVALUATION * data.validation.len() as f64)
    }
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.epochs == 1 { "" } else { "s" };
        write!(f, "{} epoch{plural}", self.epochs)?;
        if self.share < 1.0 {
            write!(f, ", {} % of the images ({})", percent(self.share), self.subset)?;
        }
        write!(f, ", {}", self.side.in_words())
    }
}

/// A share in percent, without needless digits.
fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// Fidelity with its images and its recipe, ready for training.
#[derive(Clone, Debug)]
pub struct PreparedFidelity {
    /// Fidelity.
    pub fidelity: Fidelity,
    /// Images of the fidelity.
    pub data: Arc<DataSplits>,
    /// Recipe, with a whole schedule over the fidelity's epochs.
    pub recipe: Recipe,
}

impl PreparedFidelity {
    /// Prepares some fidelities. Equal orders and sides are computed once, and small networks
    /// that choose images are trained once. `stop` is asked before each of their steps.
    ///
    /// The recipe is that for the full data with the setting's epochs, for a part of the images batches
    /// no larger than [`Recipe::for_data`] gives for so many with the learning rate in proportion, and
    /// crops that move smaller images by fewer pixels.
    ///
    /// # Errors
    /// [`FidelityError`] for a setting that is out of range, or where a network that compares
    /// images cannot be trained, or its training was stopped ([`TrainError::Stopped`]).
    pub fn prepare(
        fidelities: &[Fidelity],
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Self>, FidelityError> {
        for fidelity in fidelities {
            fidelity.check(data)?;
        }
        let mut reference = Reference::new(data, seed, device, stop);
        let mut orders = HashMap::new();
        let mut sides = HashMap::from([(data.side, Arc::clone(data))]);
        let mut stages = Vec::with_capacity(fidelities.len());
        for fidelity in fidelities {
            let Fidelity { share, subset: strategy, side, .. } = *fidelity;
            let scaled = sides.entry(side).or_insert_with(|| Arc::new(data.resized(side)));
            let images = if share < 1.0 {
                let order = match orders.entry(strategy) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(subset::order(strategy, &mut reference)?),
                };
                Arc::new(scaled.prefix(order, share))
            } else {
                Arc::clone(scaled)
            };
            let mut stage = Self { fidelity: *fidelity, data: images, recipe: recipe.clone() };
            stage.train_by(recipe, data);
            stages.push(stage);
        }
        Ok(stages)
    }

    /// Takes the recipe that follows from another one for the full `data`, as in
    /// [`prepare`](Self::prepare).
    pub fn train_by(&mut self, recipe: &Recipe, data: &DataSplits) {
        self.recipe = cheaper(recipe, &self.fidelity, data, &self.data);
    }

    /// The same fidelity on the same images at a smaller side: crops move by fewer pixels.
    pub fn on(&self, data: &Arc<DataSplits>) -> Self {
        let mut smaller = self.clone();
        let margin = &mut smaller.recipe.augmentation.margin;
        *margin = *margin * data.side.shorter() / self.data.side.shorter().max(1);
        smaller.fidelity.side = data.side;
        smaller.data = Arc::clone(data);
        smaller
    }

    /// A training from scratch of an architecture that is made for the full images.
    ///
    /// # Errors
    /// [`TrainError`] if the architecture does not fit the images, or cannot be adapted to their
    /// side ([`Architecture::at_resolution`]).
    pub fn training(
        &self,
        architecture: &Architecture,
        seed: u64,
        device: &Device,
    ) -> Result<Training, TrainError> {
        let adapted = architecture.at_resolution(self.fidelity.side)?;
        Training::new(&adapted, &self.data, &self.recipe, seed, device)
    }
}

/// The recipe of a cheaper setting.
fn cheaper(recipe: &Recipe, fidelity: &Fidelity, data: &DataSplits, images: &DataSplits) -> Recipe {
    let mut cheaper = recipe.clone();
    cheaper.epochs = fidelity.epochs;
    if images.train.len() < data.train.len() {
        cheaper.batch = recipe.batch.min(Recipe::for_data(images, fidelity.epochs).batch);
    }
    cheaper.learning_rate *= cheaper.batch as f64 / recipe.batch as f64;
    cheaper.augmentation.margin = {
        let (margin, own) = (recipe.augmentation.margin, data.side.shorter());
        margin * images.side.shorter() / own.max(1)
    };
    cheaper
}
