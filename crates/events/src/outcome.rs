//! Ends of a job that are not failures.

use crate::Summary;
use std::fmt;

/// The end of a job that the stop flag can interrupt.
///
/// # Examples
/// ```
/// use automl_events::Completion;
///
/// assert_eq!(Completion::Finished(7).finished(), Some(7));
/// assert_eq!(Completion::<u32>::Interrupted.finished(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the job may have been interrupted"]
pub enum Completion<T> {
    /// The job's result.
    Finished(T),
    /// The stop flag was set.
    Interrupted,
}

impl<T> Completion<T> {
    /// The result; `None` after an interruption.
    pub fn finished(self) -> Option<T> {
        match self {
            Self::Finished(result) => Some(result),
            Self::Interrupted => None,
        }
    }
}

/// The end of a search. `Display` gives it as a message for a person.
///
/// # Examples
/// ```
/// use automl_events::SearchOutcome;
///
/// let outcome = SearchOutcome::Interrupted(None);
/// assert_eq!(outcome.to_string(), "interrupted before the search began");
/// assert!(outcome.summary().is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "the search may have ended without a front"]
#[non_exhaustive]
pub enum SearchOutcome {
    /// The front was trained and saved.
    Finished(Summary),
    /// Other processes are still at work in the study's folder; the last one trains the front.
    Shared(Summary),
    /// The stop flag was set. The summary, absent where the search had not begun, has the networks
    /// of which the final training was over.
    Interrupted(Option<Summary>),
    /// No network within the limits was found.
    NoneWithinLimits {
        /// The limits in words.
        limits: String,
        /// The needs of the smallest network of the space, in words.
        smallest: Option<String>,
    },
    /// No candidate was trained far enough to be compared.
    NoneTrained {
        /// The number of failed candidates.
        failed: usize,
        /// The reason of the last failure.
        reason: Option<String>,
    },
}

impl SearchOutcome {
    /// The summary of the run, where it got that far.
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::Finished(summary) | Self::Shared(summary) => Some(summary),
            Self::Interrupted(summary) => summary.as_ref(),
            Self::NoneWithinLimits { .. } | Self::NoneTrained { .. } => None,
        }
    }

    /// The summary of a finished search; `None` for every other end.
    pub fn finished(self) -> Option<Summary> {
        match self {
            Self::Finished(summary) => Some(summary),
            _ => None,
        }
    }
}

impl fmt::Display for SearchOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished(summary) => write!(f, "{} networks on the front", summary.front.len()),
            Self::Shared(_) => f.write_str("others are still at work in the study's folder"),
            Self::Interrupted(None) => f.write_str("interrupted before the search began"),
            Self::Interrupted(Some(summary)) if summary.front.is_empty() => {
                let study = &summary.study;
                write!(f, "interrupted; what was recorded goes on with --study {study}")?;
                if summary.so_far.is_empty() {
                    return Ok(());
                }
                write!(f, ", and --study {study} --finish trains its front now")
            }
            Self::Interrupted(Some(summary)) => {
                write!(f, "interrupted; --study {} trains what is left", summary.study)
            }
            Self::NoneWithinLimits { limits, smallest } => {
                write!(f, "no network was found with {limits}: ")?;
                if let Some(smallest) = smallest {
                    write!(f, "the smallest of the space needs {smallest}; ")?;
                }
                f.write_str(
                    "raise search.max-params, max-macs, max-flash, max-ram or max-latency, or take \
                     smaller images (data.side)",
                )
            }
            Self::NoneTrained { failed, reason } => {
                write!(f, "no network was trained in the time given ({failed} candidates failed")?;
                if let Some(reason) = reason {
                    write!(f, ", the last because of {reason}")?;
                }
                f.write_str(")")
            }
        }
    }
}
