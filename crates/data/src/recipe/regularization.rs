//! Noise and averages that keep networks from learning their images by heart.

use super::RecipeError;
use automl_augment::Mixing;
use serde::{Deserialize, Serialize};

/// Regularization beside weight decay, label smoothing and augmentation; by default none.
///
/// # Examples
/// ```
/// use automl_data::Regularization;
///
/// let averaged = Regularization { average: 0.999, ..Regularization::default() };
/// assert!(!averaged.is_none() && averaged.check().is_ok());
/// assert!(Regularization { dropout: 1.0, ..averaged }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Regularization {
    /// Mixup and CutMix.
    #[serde(flatten)]
    pub mixing: Mixing,
    /// The probability, in `[0, 1)`, that a number before the last linear layer is set to zero; the
    /// others grow in proportion (Srivastava et al. 2014).
    pub dropout: f64,
    /// The probability, in `[0, 1)`, that an image skips the body of the last residual block; it
    /// grows linearly from the first block on, and what is kept grows in proportion (Huang et al.
    /// 2016, "Deep Networks with Stochastic Depth", section 3, per image).
    pub stochastic_depth: f64,
    /// The largest Euclidean norm of the gradient of all weights, which is scaled down to it; 0 for
    /// any (Pascanu et al. 2013).
    pub clip: f64,
    /// Decay of an exponential moving average of the weights, which is evaluated and saved in their
    /// place, in `[0, 1)`; 0 for none. After n steps the decay is at most (1 + n) / (10 + n).
    /// Normalization is calibrated to the average by training images (Izmailov et al. 2018, "Averaging
    /// Weights Leads to Wider Optima and Better Generalization", section 3.2).
    pub average: f64,
}

impl Regularization {
    /// Whether nothing of it is asked for.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn check(&self) -> Result<(), RecipeError> {
        let share = |x: f64| (0.0..1.0).contains(&x);
        let alpha = |x: f64| (0.0..=Mixing::MAX_ALPHA).contains(&x);
        let checks = [
            ("mixup", self.mixing.mixup, alpha(self.mixing.mixup)),
            ("cutmix", self.mixing.cutmix, alpha(self.mixing.cutmix)),
            ("dropout", self.dropout, share(self.dropout)),
            ("stochastic depth", self.stochastic_depth, share(self.stochastic_depth)),
            ("gradient clipping", self.clip, self.clip >= 0.0 && self.clip.is_finite()),
            ("average", self.average, share(self.average)),
        ];
        match checks.into_iter().find(|(.., valid)| !valid) {
            Some((name, value, _)) => Err(RecipeError { name, value }),
            None => Ok(()),
        }
    }
}
