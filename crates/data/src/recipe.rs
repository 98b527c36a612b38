//! Hyperparameters of training.

mod optimizer;
mod regularization;

pub use optimizer::Optimizer;
pub use regularization::Regularization;

use crate::balance::{Balance, class_weights};
use crate::splits::DataSplits;
use automl_augment::{Augmentation, RandAugment};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use thiserror::Error;

/// A setting of a recipe that is out of range.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{name} = {value} is out of range")]
pub struct RecipeError {
    /// Name of the setting.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
}

/// Stochastic gradient descent with momentum, or AdamW, under a cosine schedule.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `epochs` | given | >= 1 | the whole schedule |
/// | `batch` | by data | >= 2 | images in a step |
/// | `learning_rate` | by batch | > 0 | the highest rate |
/// | `warmup` | .5 | >= 0 | epochs of linear rise |
/// | `optimizer` | SGD | | the rule of a step |
/// | `momentum` | .9 | [0, 1) | Nesterov momentum; the first moment's decay of AdamW |
/// | `weight_decay` | 5e-4 | [0, 1) | L2 of SGD, decoupled of AdamW, on weights alone |
/// | `label_smoothing` | .1 | [0, 1) | mass spread over all classes |
/// | `regularization` | none | | mixup, CutMix, dropout, stochastic depth, clipping, average |
/// | `balance` | none | | remedy for classes of unequal size |
/// | `class_costs` | none | >= 0 | further weights of the classes in the loss |
///
/// # Source
/// Loshchilov & Hutter (2017), "SGDR", eq. (5), without restarts; Sutskever et al. (2013) for
/// Nesterov's momentum; Szegedy et al. (2016), section 7, for label smoothing.
///
/// # Examples
/// ```
/// use automl_data::{DataSplits, Dataset, Recipe};
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
/// let recipe = Recipe { momentum: 0.95, ..Recipe::for_data(&data, 20) };
/// recipe.check()?;
/// assert_eq!((recipe.batch, recipe.learning_rate), (64, 0.1));
/// assert!(recipe.rate(0, 17) < recipe.rate(10, 17));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The epochs of the whole schedule; training may pause at any of them.
    pub epochs: u64,
    /// Images in a step.
    pub batch: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Epochs over which the learning rate rises linearly.
    pub warmup: f64,
    /// Optimizer of the weights.
    #[serde(default, skip_serializing_if = "Optimizer::is_sgd")]
    pub optimizer: Optimizer,
    /// Nesterov momentum, or the decay of AdamW's first moment.
    pub momentum: f64,
    /// Weight decay, on weights of convolutions and linear layers, not on biases and normalization.
    pub weight_decay: f64,
    /// Label smoothing.
    pub label_smoothing: f64,
    /// Variation of the training images.
    pub augmentation: Augmentation,
    /// Further regularization.
    #[serde(default, skip_serializing_if = "Regularization::is_none")]
    pub regularization: Regularization,
    /// Remedy for classes of unequal size.
    #[serde(default, skip_serializing_if = "Balance::is_none")]
    pub balance: Balance,
    /// The cost of an error on each class, a further weight in the loss; empty where all are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_costs: Vec<f64>,
}

/// Epochs from which photographs are varied by RandAugment: in shorter trainings it does harm.
const LONG: u64 = 100;

/// Variation of photographs in such trainings.
const PHOTOGRAPHS: RandAugment = RandAugment { operations: 2, magnitude: 7 };

impl Recipe {
    /// The recipe for a data set: batches of about a 25th of an epoch, 16 to 128 images, and a
    /// learning rate in proportion to the batch (.1 at 64; Goyal et al. 2017). From 100 epochs on,
    /// photographs ([`DataSplits::are_photographs`]) are varied by two operations of RandAugment of
    /// magnitude 7.
    pub fn for_data(data: &DataSplits, epochs: u64) -> Self {
        let batch = (data.train.len() / 25).clamp(16, 128).next_power_of_two().min(128);
        let randaugment = match data.are_photographs() && epochs >= LONG {
            true => PHOTOGRAPHS,
            false => RandAugment::default(),
        };
        Self {
            epochs,
            batch,
            learning_rate: 0.1 * batch as f64 / 64.0,
            warmup: 0.5,
            optimizer: Optimizer::Sgd,
            momentum: 0.9,
            weight_decay: 5e-4,
            label_smoothing: 0.1,
            augmentation: Augmentation {
                margin: (data.side.shorter() / 12).max(1),
                mirror: data.mirror,
                randaugment,
                ..Augmentation::default()
            },
            regularization: Regularization::default(),
            balance: Balance::None,
            class_costs: Vec::new(),
        }
    }

    /// The long recipe that small networks are compared by: batches of 128, a learning rate of .1
    /// that falls along a cosine from the first step on, no label smoothing, crops out of a margin
    /// of an eighth of the shorter side (4 pixels of 32), and RandAugment with two operations of magnitude
    /// 2. Meant for 200 epochs.
    ///
    /// # Source
    /// Momentum, decay, rate, schedule and crops of <https://github.com/kuangliu/pytorch-cifar>;
    /// RandAugment by Cubuk et al. (2019), weak: strong augmentation is for networks with capacity
    /// to spare. That code has no Nesterov momentum, decays biases and normalization too, and steps
    /// the rate once per epoch.
    pub fn long(data: &DataSplits, epochs: u64) -> Self {
        Self {
            epochs,
            batch: 128,
            learning_rate: 0.1,
            warmup: 0.0,
            optimizer: Optimizer::Sgd,
            momentum: 0.9,
            weight_decay: 5e-4,
            label_smoothing: 0.0,
            augmentation: Augmentation {
                margin: (data.side.shorter() + 4) / 8,
                mirror: data.mirror,
                randaugment: RandAugment { operations: 2, ..RandAugment::default() },
                ..Augmentation::default()
            },
            regularization: Regularization::default(),
            balance: Balance::None,
            class_costs: Vec::new(),
        }
    }

    /// The weight of each class in the loss, `[classes]`, for training on these labels; empty where all
    /// weights are 1.
    pub fn loss_weights(&self, labels: &[u16], classes: usize) -> Vec<f64> {
        let mut weights = match self.balance {
            Balance::Loss => class_weights(labels, classes),
            _ if self.class_costs.is_empty() => return Vec::new(),
            _ => vec![1.0; classes],
        };
        for (weight, cost) in weights.iter_mut().zip(&self.class_costs) {
            *weight *= cost;
        }
        weights
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn check(&self) -> Result<(), RecipeError> {
        let share = |x: f64| (0.0..1.0).contains(&x);
        let Augmentation { cutout, erase, affine, color, until, .. } = self.augmentation;
        let RandAugment { magnitude, .. } = self.augmentation.randaugment;
        let whole = |x: f64| (0.0..=1.0).contains(&x);
        let checks = [
            ("epochs", self.epochs as f64, self.epochs >= 1),
            ("batch", self.batch as f64, self.batch >= 2),
            (
                "learning rate",
                self.learning_rate,
                self.learning_rate > 0.0 && self.learning_rate.is_finite(),
            ),
            ("warmup", self.warmup, self.warmup >= 0.0 && self.warmup.is_finite()),
            ("momentum", self.momentum, share(self.momentum)),
            ("weight decay", self.weight_decay, share(self.weight_decay)),
            ("label smoothing", self.label_smoothing, share(self.label_smoothing)),
            ("RandAugment's magnitude", magnitude.into(), magnitude <= RandAugment::MAX_MAGNITUDE),
            ("cutout", cutout, whole(cutout)),
            ("random erasing", erase, whole(erase)),
            ("affine map", affine, whole(affine)),
            ("color", color, whole(color)),
            ("augmented part of the epochs", until, whole(until)),
        ];
        let costs = self.class_costs.iter();
        let costs = costs.map(|cost| ("class cost", *cost, *cost >= 0.0 && cost.is_finite()));
        match checks.into_iter().chain(costs).find(|(.., valid)| !valid) {
            Some((name, value, _)) => Err(RecipeError { name, value }),
            None => self.regularization.check(),
        }
    }

    /// The learning rate of a step: a linear rise, then half a cosine down to zero.
    pub fn rate(&self, step: u64, steps_per_epoch: u64) -> f64 {
        let total = (self.epochs * steps_per_epoch).max(1) as f64;
        let warmup = (self.warmup * steps_per_epoch as f64).min(total / 2.0).floor();
        let step = (step as f64).min(total);
        if step < warmup {
            return self.learning_rate * (step + 1.0) / warmup;
        }
        let progress = (step - warmup) / (total - warmup).max(1.0);
        self.learning_rate * 0.5 * (1.0 + (PI * progress).cos())
    }
}
