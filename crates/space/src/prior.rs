//! A user's belief about where good values lie.

use crate::{Domain, Value};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a prior was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PriorError {
    /// The mean is not finite or the standard deviation is not positive and finite.
    #[error("a prior needs a finite mean and a positive standard deviation, not {mean} and {sd}")]
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        sd: f64,
    },
    /// A weight is negative or not finite, or all are zero.
    #[error("prior weights must be finite, not negative and not all zero")]
    Weights,
    /// The number of weights differs from the number of choices.
    #[error("{weights} prior weights for {choices} choices")]
    Count {
        /// The number of weights given.
        weights: usize,
        /// The number of choices.
        choices: usize,
    },
    /// A normal prior on a categorical parameter or weights on a numerical one.
    #[error("a normal prior belongs to a numerical parameter, weights to a categorical one")]
    Kind,
}

/// A prior density over one parameter's domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prior {
    /// A normal density, truncated to the domain; on the natural-log scale where the domain is
    /// logarithmic (`mean` and `sd` are those of `ln x`).
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        sd: f64,
    },
    /// One weight for each choice, proportional to its probability.
    Weights {
        /// The weights.
        weights: Vec<f64>,
    },
}

impl Prior {
    /// Checks the prior against the domain.
    ///
    /// # Errors
    /// Parameters out of range, or a prior of the wrong kind or length.
    pub fn check(&self, domain: &Domain) -> Result<(), PriorError> {
        match (self, domain) {
            (Self::Normal { .. }, Domain::Categorical(_)) => Err(PriorError::Kind),
            (&Self::Normal { mean, sd }, _) => {
                if mean.is_finite() && sd.is_finite() && sd > 0.0 {
                    Ok(())
                } else {
                    Err(PriorError::Normal { mean, sd })
                }
            }
            (Self::Weights { weights }, Domain::Categorical(d)) => {
                let (given, choices) = (weights.len(), d.choices().len());
                if given != choices {
                    return Err(PriorError::Count { weights: given, choices });
                }
                let sum: f64 = weights.iter().sum();
                let valid = weights.iter().all(|w| w.is_finite() && *w >= 0.0);
                if valid && sum > 0.0 && sum.is_finite() {
                    Ok(())
                } else {
                    Err(PriorError::Weights)
                }
            }
            (Self::Weights { .. }, _) => Err(PriorError::Kind),
        }
    }

    /// The mean and standard deviation of a normal prior on the domain's unit interval, before
    /// truncation; `None` for weights.
    pub fn unit_normal(&self, domain: &Domain) -> Option<(f64, f64)> {
        let &Self::Normal { mean, sd } = self else { return None };
        // The map to the unit interval is affine in x, or in ln x where the domain is logarithmic.
        let (low, width) = match domain {
            Domain::Float(d) if d.log() => (d.low().ln(), (d.high() / d.low()).ln()),
            Domain::Float(d) => {
                let half = d.step().unwrap_or(0.0) / 2.0;
                (d.low() - half, d.high() - d.low() + 2.0 * half)
            }
            Domain::Int(d) if d.log() => {
                let low = (d.low() as f64 - 0.5).ln();
                (low, (d.high() as f64 + 0.5).ln() - low)
            }
            Domain::Int(d) => {
                let half = d.step() as f64 / 2.0;
                (d.low() as f64 - half, d.high() as f64 - d.low() as f64 + 2.0 * half)
            }
            Domain::Categorical(_) => return None,
        };
        if width > 0.0 { Some(((mean - low) / width, sd / width)) } else { Some((0.5, 1.0)) }
    }

    /// The value of the domain with the highest prior density.
    pub fn mode(&self, domain: &Domain) -> Value {
        match self {
            Self::Normal { .. } => {
                let (mean, _) = self.unit_normal(domain).unwrap_or((0.5, 1.0));
                domain.from_unit(mean)
            }
            Self::Weights { weights } => {
                let mut best = 0;
                for (i, w) in weights.iter().enumerate() {
                    if *w > weights[best] {
                        best = i;
                    }
                }
                Value::Category(best)
            }
        }
    }
}
