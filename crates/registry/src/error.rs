//! Why a part was refused.

use crate::{Entry, PartSpec};
use automl_study::part::{OptionError, nearest};
use thiserror::Error;

/// A refused sampler or scheduler.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PartError {
    /// No sampler or scheduler has this name.
    #[error("unknown {kind} {name:?}{}: one of {known}",
        nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default())]
    Unknown {
        /// Sampler or scheduler.
        kind: &'static str,
        /// The name given.
        name: String,
        /// The registered name most similar to it.
        nearest: Option<&'static str>,
        /// The registered names.
        known: String,
    },
    /// An option, or the study, does not fit the part.
    #[error("the {kind} {source}")]
    Part {
        /// Sampler or scheduler.
        kind: &'static str,
        /// What does not fit.
        source: OptionError,
    },
    /// Two parts of which one is half of population-based training and the other is not.
    #[error(
        "the sampler \"{sampler}\" and the scheduler \"{scheduler}\" do not go together: \
         both are \"pbt\" with the same options or none is"
    )]
    Pair {
        /// The sampler.
        sampler: PartSpec,
        /// The scheduler.
        scheduler: PartSpec,
    },
}

/// The entry of this name.
pub(crate) fn find<P: ?Sized>(
    kind: &'static str,
    name: &str,
    entries: &'static [Entry<P>],
) -> Result<&'static Entry<P>, PartError> {
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names = || entries.iter().map(|entry| entry.name);
        PartError::Unknown {
            kind,
            name: name.to_owned(),
            nearest: nearest(name, names()),
            known: names().collect::<Vec<_>>().join(", "),
        }
    })
}
