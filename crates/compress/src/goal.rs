//! The size that a compression is to reach.

use crate::Budget;
use automl_arch::Cost;
use thiserror::Error;

/// Limits on a compressed network; `None` stands for no limit.
///
/// # Examples
/// ```
/// use automl_compress::Goal;
///
/// let half = Goal { keep_params: Some(0.5), ..Goal::default() };
/// assert_eq!(half.max_params, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Goal {
    /// The share of the parameters that may stay, above 0 and below 1.
    pub keep_params: Option<f64>,
    /// The share of the multiply-accumulates that may stay, above 0 and below 1.
    pub keep_macs: Option<f64>,
    /// The most parameters.
    pub max_params: Option<u64>,
    /// The most multiply-accumulates of one image.
    pub max_macs: Option<u64>,
}

/// A goal that cannot be used.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum GoalError {
    /// The share is outside (0, 1).
    #[error("the share to keep must lie above 0 and below 1, not {share}")]
    Keep {
        /// The share given.
        share: f64,
    },
    /// Pruning without a goal.
    #[error("pruning needs to know how far: give --keep, --max-params or --max-macs")]
    NoGoal,
    /// The network is within the limits already.
    #[error(
        "the network has {parameters} parameters and {macs} multiply-accumulates, within {budget} \
         already"
    )]
    Small {
        /// Its parameters.
        parameters: u64,
        /// Its multiply-accumulates.
        macs: u64,
        /// The limits.
        budget: Budget,
    },
}

impl Goal {
    /// The limits for a network of a cost; `None` without any.
    ///
    /// # Errors
    /// [`GoalError::Keep`], and [`GoalError::Small`] for a network within the limits.
    pub fn budget(&self, cost: &Cost) -> Result<Option<Budget>, GoalError> {
        let cap = |share: Option<f64>, most: Option<u64>, now: u64| match share {
            Some(share) if !(share > 0.0 && share < 1.0) => Err(GoalError::Keep { share }),
            Some(share) => {
                let kept = (share * now as f64).floor() as u64;
                Ok(Some(most.map_or(kept, |most| most.min(kept))))
            }
            None => Ok(most),
        };
        let budget = Budget {
            parameters: cap(self.keep_params, self.max_params, cost.parameters)?,
            macs: cap(self.keep_macs, self.max_macs, cost.macs)?,
        };
        let budget = (budget != Budget::default()).then_some(budget);
        match budget {
            Some(budget) if budget.allows(cost) => {
                let Cost { parameters, macs, .. } = *cost;
                Err(GoalError::Small { parameters, macs, budget })
            }
            budget => Ok(budget),
        }
    }
}
