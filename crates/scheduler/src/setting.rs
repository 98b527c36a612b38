//! Errors of scheduler settings.

use automl_study::part::OptionError;
use thiserror::Error;

/// A setting of a scheduler or sampler that is out of range.
///
/// # Examples
/// ```
/// use automl_scheduler::{Asha, SettingError};
/// use automl_study::Ladder;
///
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let error = Asha::new(&ladder, 1.0).unwrap_err();
/// assert_eq!(error, SettingError::Eta { eta: 1.0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SettingError {
    /// The reduction factor is not a finite number above 1.
    #[error("the reduction factor eta must be finite and above 1, not {eta}")]
    Eta {
        /// The factor.
        eta: f64,
    },
    /// A share of the trials is outside (0, 1).
    #[error("the share {name} must lie between 0 and 1, not {share}")]
    Share {
        /// The name of the share.
        name: &'static str,
        /// Its value.
        share: f64,
    },
    /// Too few trials in a bracket or population.
    #[error("{name} must be at least {least}, not {found}")]
    TooFew {
        /// The counted things.
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

/// Checks that a reduction factor is finite and above 1.
pub(crate) fn eta(eta: f64) -> Result<f64, SettingError> {
    if eta.is_finite() && eta > 1.0 { Ok(eta) } else { Err(SettingError::Eta { eta }) }
}

/// Checks that a share lies inside (0, 1).
pub(crate) fn share(name: &'static str, share: f64) -> Result<f64, SettingError> {
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err(SettingError::Share { name, share }) }
}
