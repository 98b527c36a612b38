//! The options of a recipe, each of which stands for one setting of `[training]`.

use crate::settings::{Assignment, number, text};
use clap::Args;

/// The recipe.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recipe")]
pub(crate) struct RecipeArgs {
    /// Optimizer: sgd (Nesterov momentum) or adamw [default: sgd]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<String>,
    /// The highest learning rate [default: in proportion to the batch; adamw: a fiftieth of it]
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Epochs over which the learning rate rises [default: 0.5; long: 0]
    #[arg(long, value_name = "EPOCHS")]
    warmup: Option<f64>,
    /// Weight decay [default: 0.0005; adamw: 0.05]
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,
    /// Images in a batch [default: by the data; long: 128]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// The share of the target's mass that is spread over all classes [default: 0.1; long: 0]
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Operations of RandAugment on each image [default: 0; long: 2]
    #[arg(long, value_name = "N")]
    randaugment_ops: Option<usize>,
    /// Side of the square that cutout hides, as a share of the image's [default: 0]
    #[arg(long, value_name = "SHARE")]
    cutout: Option<f64>,
    /// Probability of random erasing [default: 0]
    #[arg(long, value_name = "SHARE")]
    erase: Option<f64>,
    /// Strength of random affine maps, 0 to 1 [default: 0]
    #[arg(long, value_name = "STRENGTH")]
    affine: Option<f64>,
    /// Strength of random brightness, contrast and saturation, 0 to 1 [default: 0]
    #[arg(long, value_name = "STRENGTH")]
    color: Option<f64>,
    /// The share of the epochs in which images are augmented; the others go on with the images as they are
    /// [default: 0.8 in final trainings, else 1; photographs, long: 1]
    #[arg(long, value_name = "SHARE")]
    augment_until: Option<f64>,
    /// Alpha of mixup, 0 to 4 [default: 0]
    #[arg(long, value_name = "ALPHA")]
    mixup: Option<f64>,
    /// Alpha of CutMix, 0 to 4 [default: 0]
    #[arg(long, value_name = "ALPHA")]
    cutmix: Option<f64>,
    /// Probability of dropout before the classifier [default: 0]
    #[arg(long, value_name = "SHARE")]
    dropout: Option<f64>,
    /// Probability that the last residual block is skipped [default: 0]
    #[arg(long, value_name = "SHARE")]
    stochastic_depth: Option<f64>,
    /// The largest norm of the gradient [default: any]
    #[arg(long, value_name = "NORM")]
    clip: Option<f64>,
    /// Decay of a moving average of the weights, which is evaluated and saved, such as 0.99 [default: 0]
    #[arg(long, value_name = "DECAY")]
    ema: Option<f64>,
}

impl RecipeArgs {
    /// The options as settings.
    pub(crate) fn assignments(&self) -> [Assignment; 18] {
        [
            ("training.optimizer", text(&self.optimizer)),
            ("training.learning-rate", number(self.learning_rate)),
            ("training.warmup", number(self.warmup)),
            ("training.weight-decay", number(self.weight_decay)),
            ("training.batch", number(self.batch)),
            ("training.label-smoothing", number(self.label_smoothing)),
            ("training.randaugment-ops", number(self.randaugment_ops)),
            ("training.cutout", number(self.cutout)),
            ("training.erase", number(self.erase)),
            ("training.affine", number(self.affine)),
            ("training.color", number(self.color)),
            ("training.augmented-until", number(self.augment_until)),
            ("training.mixup", number(self.mixup)),
            ("training.cutmix", number(self.cutmix)),
            ("training.dropout", number(self.dropout)),
            ("training.stochastic-depth", number(self.stochastic_depth)),
            ("training.clip", number(self.clip)),
            ("training.ema", number(self.ema)),
        ]
    }
}
