//! Optimizers of the weights.

use serde::{Deserialize, Serialize};

/// The rule by which a step changes the weights.
///
/// # Examples
/// ```
/// use automl_data::Optimizer;
///
/// assert_eq!(Optimizer::named("adamw"), Some(Optimizer::AdamW));
/// assert_eq!(Optimizer::default().name(), "sgd");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Stochastic gradient descent with Nesterov momentum and L2 decay.
    #[default]
    Sgd,
    /// Adam with decoupled weight decay: first moment by the recipe's momentum, second by
    /// [`Optimizer::SECOND`].
    ///
    /// # Source
    /// Loshchilov & Hutter (2019), "Decoupled Weight Decay Regularization", algorithm 2, with decay
    /// times learning rate as in PyTorch.
    AdamW,
}

impl Optimizer {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sgd, Self::AdamW];

    /// The decay of AdamW's second moment.
    pub const SECOND: f64 = 0.999;

    /// The learning rate that is as long as 1 of SGD, by experience: .002 for .1.
    pub const ADAMW_RATE: f64 = 0.02;

    /// The usual weight decay.
    pub fn usual_decay(self) -> f64 {
        match self {
            Self::Sgd => 5e-4,
            Self::AdamW => 0.05,
        }
    }

    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::AdamW => "adamw",
        }
    }

    /// The optimizer of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|optimizer| optimizer.name() == name)
    }

    pub(super) fn is_sgd(&self) -> bool {
        *self == Self::Sgd
    }
}
