//! Errors of domain definitions.

use crate::Choice;
use thiserror::Error;

/// The reason for which a domain definition was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DomainError {
    /// A bound, or the distance between the bounds, is NaN or infinite.
    #[error("the bounds {low:?} and {high:?} and their distance must be finite")]
    NotFinite {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// The lower bound lies above the upper one.
    #[error("the lower bound {low:?} lies above the upper bound {high:?}")]
    Empty {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// The lower bound of a logarithmic scale is not positive (integers: below 1).
    #[error("a logarithmic scale needs a positive lower bound, not {low}")]
    LogNotPositive {
        /// The lower bound.
        low: f64,
    },
    /// A step is zero, negative or not finite.
    #[error("the step {step} must be positive and finite")]
    Step {
        /// The step.
        step: f64,
    },
    /// A step is combined with a logarithmic scale.
    #[error("a logarithmic scale excludes the step {step}")]
    LogStep {
        /// The step.
        step: f64,
    },
    /// The list of choices is empty.
    #[error("a categorical parameter needs at least one choice")]
    NoChoices,
    /// A choice is listed twice.
    #[error("the choice {choice} is listed twice")]
    DuplicateChoice {
        /// The repeated choice.
        choice: Choice,
    },
    /// A choice is NaN or infinite.
    #[error("the choice {choice} must be finite")]
    ChoiceNotFinite {
        /// The offending choice.
        choice: Choice,
    },
}
