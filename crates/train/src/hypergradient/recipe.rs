//! Hyperparameters of a recipe as the coordinates that a gradient descent moves.

use automl_data::Recipe;

/// Hyperparameters of a recipe that gradients can tune.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecipeHyperparameters {
    /// Peak learning rate, in [1e-4, 1].
    pub learning_rate: f64,
    /// Weight decay, in [1e-6, 0.1].
    pub weight_decay: f64,
    /// Label smoothing, in [0.001, 0.5].
    pub label_smoothing: f64,
    /// Share of the images that are augmented, in [0.02, 0.98].
    pub augmented: f64,
}

impl RecipeHyperparameters {
    /// Those of a recipe, clamped to their ranges.
    pub(super) fn of(recipe: &Recipe) -> Self {
        Self {
            learning_rate: recipe.learning_rate.clamp(1e-4, 1.0),
            weight_decay: recipe.weight_decay.clamp(1e-6, 0.1),
            label_smoothing: recipe.label_smoothing.clamp(1e-3, 0.5),
            augmented: recipe.augmentation.share.clamp(0.02, 0.98),
        }
    }

    /// Writes the hyperparameters into a recipe.
    pub fn apply(self, recipe: &mut Recipe) {
        recipe.learning_rate = self.learning_rate;
        recipe.weight_decay = self.weight_decay;
        recipe.label_smoothing = self.label_smoothing;
        recipe.augmentation.share = self.augmented;
    }

    /// Unconstrained coordinates: logarithms of rates, logits of shares.
    pub(super) fn coordinates(self) -> [f64; 4] {
        let logit = |share: f64| (share / (1.0 - share)).ln();
        let rates = [self.learning_rate.ln(), self.weight_decay.ln()];
        [rates[0], rates[1], logit(self.label_smoothing), logit(self.augmented)]
    }

    /// Inverse of [`coordinates`](Self::coordinates), clamped to the ranges.
    pub(super) fn at([rate, decay, smoothing, augmented]: [f64; 4]) -> Self {
        let share = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Self {
            learning_rate: rate.exp().clamp(1e-4, 1.0),
            weight_decay: decay.exp().clamp(1e-6, 0.1),
            label_smoothing: share(smoothing).clamp(1e-3, 0.5),
            augmented: share(augmented).clamp(0.02, 0.98),
        }
    }
}
