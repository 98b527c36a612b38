//! The settings of training.

use crate::BalanceSetting;
use automl_data::Optimizer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The settings of training that go together; single ones may be set in their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipePreset {
    /// Short trainings: 27 epochs, batches by the size of the data set, small crops, label
    /// smoothing.
    #[default]
    #[serde(alias = "light")]
    Short,
    /// The recipe by which small networks are usually compared: 200 epochs, also in the final
    /// training, batches of 128, a learning rate of 0.1 along a cosine, RandAugment, no label
    /// smoothing.
    #[serde(alias = "lecture")]
    Long,
}

/// Settings of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainingSettings {
    /// The preset of everything that is not set below.
    pub recipe: RecipePreset,
    /// The epochs of a candidate that is never stopped. Default: by the recipe.
    pub epochs: Option<u64>,
    /// The epochs after which the first candidates are stopped. Default: a ninth of `epochs`.
    pub min_epochs: Option<u64>,
    /// The epochs of the final training of the front's networks. Default: half as many again as
    /// `epochs`, and at least 2,000 steps; with the long recipe as many.
    pub final_epochs: Option<u64>,
    /// Images in a batch. Default: by the recipe.
    pub batch: Option<usize>,
    /// The highest learning rate.
    pub learning_rate: Option<f64>,
    /// Optimizer: `sgd` or `adamw`.
    pub optimizer: Optimizer,
    /// Epochs over which the learning rate rises. Default: by the recipe.
    pub warmup: Option<f64>,
    /// The momentum of SGD, and the decay of AdamW's first moment.
    pub momentum: f64,
    /// The weight decay, on weights alone: L2 of SGD, decoupled of AdamW. Default: 5e-4; AdamW: .05.
    pub weight_decay: Option<f64>,
    /// The share of the target's mass that is spread over all classes. Default: by the recipe.
    pub label_smoothing: Option<f64>,
    /// Whether training images are mirrored at random. Default: where a mirrored image of the data
    /// set shows the same class.
    pub mirror: Option<bool>,
    /// The number of RandAugment's operations on each training image; 0 for none. Default:
    /// by the recipe.
    pub randaugment_ops: Option<usize>,
    /// The strength of these operations, 0 to 30. Default: by the recipe.
    pub randaugment_magnitude: Option<u8>,
    /// The side of the square that is cut out of each training image, as a share of its side; 0 for
    /// none. Default: none.
    pub cutout: Option<f64>,
    /// The probability of random erasing. Default: none.
    pub erase: Option<f64>,
    /// Strength of random affine maps, 0 to 1. Default: none.
    pub affine: Option<f64>,
    /// Strength of random brightness, contrast and saturation, 0 to 1. Default: none.
    pub color: Option<f64>,
    /// Parameter alpha of mixup, 0 to 4. Default: none.
    pub mixup: Option<f64>,
    /// Parameter alpha of CutMix, 0 to 4. Default: none.
    pub cutmix: Option<f64>,
    /// The probability of dropout before the last linear layer. Default: none.
    pub dropout: Option<f64>,
    /// The probability that the last residual block is skipped (stochastic depth). Default: none.
    pub stochastic_depth: Option<f64>,
    /// The largest norm of the gradient, to which larger ones are scaled down. Default: any.
    pub clip: Option<f64>,
    /// Decay of the exponential moving average of the weights, which is evaluated and saved.
    /// Default: none.
    pub ema: Option<f64>,
    /// The share of the training images that are augmented. Default: all.
    pub augmented: Option<f64>,
    /// The share of the epochs, from the first on, in which they are. Default: .8 in final trainings of the
    /// short recipe, but for photographs; else all.
    pub augmented_until: Option<f64>,
    /// A trained network, with which the final training starts as far as its weights fit: its folder or
    /// its `weights.safetensors`.
    pub init: Option<PathBuf>,
    /// The number of parts by which networks are cross-validated, at least 2: candidates and finals of a
    /// search, and the network of `automl train`. Default: none.
    pub folds: Option<usize>,
    /// Whether `automl train` trains on the task to tell by how much images are turned, which needs no
    /// labels, for use as `init` of another training.
    pub pretrain: bool,
    /// Remedy for classes of unequal size.
    pub balance: BalanceSetting,
    /// The cost of an error on a class, by its name or number; 1 for all others. Costs weigh the loss
    /// and the metric.
    pub class_costs: BTreeMap<String, f64>,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            recipe: RecipePreset::Short,
            epochs: None,
            min_epochs: None,
            final_epochs: None,
            batch: None,
            learning_rate: None,
            optimizer: Optimizer::Sgd,
            warmup: None,
            momentum: 0.9,
            weight_decay: None,
            label_smoothing: None,
            mirror: None,
            randaugment_ops: None,
            randaugment_magnitude: None,
            cutout: None,
            erase: None,
            affine: None,
            color: None,
            mixup: None,
            cutmix: None,
            dropout: None,
            stochastic_depth: None,
            clip: None,
            ema: None,
            augmented: None,
            augmented_until: None,
            init: None,
            folds: None,
            pretrain: false,
            balance: BalanceSetting::Auto,
            class_costs: BTreeMap::new(),
        }
    }
}

impl TrainingSettings {
    /// The epochs of a candidate that is never stopped.
    pub fn search_epochs(&self) -> u64 {
        self.epochs.unwrap_or(match self.recipe {
            RecipePreset::Short => 27,
            RecipePreset::Long => 200,
        })
    }
}
