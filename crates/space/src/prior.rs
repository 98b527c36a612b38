//! Priors: where a user expects good values.

use crate::{Config, Domain, Param, Space, Value};
use automl_numeric::normal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reason for which a prior was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PriorError {
    /// The mean is not finite, or the standard deviation is not positive and finite.
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
    /// The numbers of weights and of choices differ.
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

/// A prior density over the domain of one parameter.
///
/// # Examples
/// ```
/// use automl_space::{Prior, Space};
///
/// let mut builder = Space::builder();
/// // About 1e-3, within a factor of ten.
/// let prior = Prior::Normal { mean: 1e-3_f64.ln(), sd: 10_f64.ln() };
/// builder.float("rate", 1e-5..=1.0).log().prior(prior).add()?;
/// let space = builder.build()?;
/// let (likely, unlikely) = (space.config([("rate", 1e-3.into())])?, space.config([("rate", 1.0.into())])?);
/// assert!(space.log_prior(&likely) > space.log_prior(&unlikely));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a prior is {\"mean\": .., \"sd\": ..} or {\"weights\": [..]}"
)]
pub enum Prior {
    /// A normal density truncated to the domain, in the units of the parameter; of `ln x` where the
    /// domain is logarithmic.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, positive.
        sd: f64,
    },
    /// A weight for each choice, proportional to its probability.
    Weights {
        /// The weights, not negative, with a positive sum.
        weights: Vec<f64>,
    },
}

impl Prior {
    /// Checks the prior against the domain.
    ///
    /// # Errors
    /// - [`PriorError::Normal`] and [`PriorError::Weights`]: parameters out of range.
    /// - [`PriorError::Count`]: a number of weights other than that of the choices.
    /// - [`PriorError::Kind`]: a normal prior on a categorical domain, or weights on another.
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

    /// The mean and standard deviation of a normal prior on the unit interval of the domain, before
    /// truncation; `None` for weights.
    pub fn unit_normal(&self, domain: &Domain) -> Option<(f64, f64)> {
        let &Self::Normal { mean, sd } = self else { return None };
        // The map to the unit interval is affine in x, or in ln x where the domain is logarithmic.
        let (low, width) = match domain {
            Domain::Float(d) if d.log() => (d.low().ln(), d.high().ln() - d.low().ln()),
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

    /// The mode: the value of the domain with the highest prior density.
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

    /// The natural logarithm of the prior density at a coordinate of the unit interval; where the
    /// domain is finite, of the probability of the [cell](Domain::cell).
    pub fn log_density(&self, domain: &Domain, unit: f64) -> f64 {
        if let Self::Weights { weights } = self {
            let Value::Category(index) = domain.from_unit(unit) else { return f64::NEG_INFINITY };
            let weight = weights.get(index).copied().unwrap_or(0.0);
            return (weight / weights.iter().sum::<f64>()).ln();
        }
        let (mean, sd) = self.unit_normal(domain).unwrap_or((0.5, 1.0));
        let z = |x: f64| (x - mean) / sd;
        let whole = normal::mass(z(0.0), z(1.0)).max(1e-300);
        if domain.cardinality().is_some() {
            let (low, high) = domain.cell(unit);
            (normal::mass(z(low), z(high)) / whole).ln()
        } else {
            -0.5 * z(unit) * z(unit) - normal::LN_SQRT_TAU - sd.ln() - whole.ln()
        }
    }
}

impl Param {
    /// The logarithm of the prior density at a value, see [`Prior::log_density`]; of the uniform
    /// density where there is no prior. Minus infinity outside the domain.
    pub fn log_prior(&self, value: Value) -> f64 {
        let domain = self.domain();
        if !domain.contains(value) {
            return f64::NEG_INFINITY;
        }
        let unit = domain.to_unit(value);
        match (self.prior(), domain.cardinality()) {
            (Some(prior), _) => prior.log_density(domain, unit),
            (None, None) => 0.0,
            (None, Some(_)) => {
                let (low, high) = domain.cell(unit);
                (high - low).ln()
            }
        }
    }
}

impl Space {
    /// The logarithm of the prior density of a configuration: the sum of [`Param::log_prior`] over
    /// its active parameters. [`Space::sample_prior`] draws from this density, constraints aside.
    pub fn log_prior(&self, config: &Config) -> f64 {
        let params = self.params().iter().zip(config.values());
        params.filter_map(|(param, value)| Some(param.log_prior(value?))).sum()
    }
}
