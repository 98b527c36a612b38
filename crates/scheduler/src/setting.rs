//! Settings that a scheduler refuses.

use automl_study::part::OptionError;
use thiserror::Error;

/// Why a scheduler cannot be made.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SettingError {
    /// The reduction factor must lie above 1.
    #[error("the reduction factor eta must be finite and above 1, not {eta}")]
    Eta {
        /// The factor.
        eta: f64,
    },
    /// A share of the trials must lie between 0 and 1, both excluded.
    #[error("the share {name} must lie between 0 and 1, not {share}")]
    Share {
        /// Which share.
        name: &'static str,
        /// Its value.
        share: f64,
    },
    /// Too few trials in a bracket or population.
    #[error("{name} must be at least {least}, not {found}")]
    TooFew {
        /// What is counted.
        name: &'static str,
        /// The smallest number allowed.
        least: u64,
        /// The number given.
        found: u64,
    },
}

impl SettingError {
    /// The error of a part's configuration.
    pub(crate) fn of(self, part: &'static str) -> OptionError {
        OptionError::Unsupported { part, reason: format!("cannot be made: {self}") }
    }
}

/// The factor, if it is one.
pub(crate) fn eta(eta: f64) -> Result<f64, SettingError> {
    if eta.is_finite() && eta > 1.0 { Ok(eta) } else { Err(SettingError::Eta { eta }) }
}

/// The share, if it lies strictly between 0 and 1.
pub(crate) fn share(name: &'static str, share: f64) -> Result<f64, SettingError> {
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err(SettingError::Share { name, share }) }
}
