//! Errors of spaces and configurations.

use crate::{Choice, DomainError, PriorError};
use thiserror::Error;

/// The reason for which a space definition was refused; it names the offending parameter.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SpaceError {
    /// The space has no parameter.
    #[error("a space needs at least one parameter")]
    NoParameters,
    /// The name of a parameter is empty.
    #[error("a parameter's name must not be empty")]
    EmptyName,
    /// Two parameters have the same name.
    #[error("the parameter {name:?} is defined twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// The domain of a parameter is invalid.
    #[error("parameter {name:?}: {source}")]
    Domain {
        /// The name of the parameter.
        name: String,
        /// The cause.
        source: DomainError,
    },
    /// The prior of a parameter is invalid or does not fit the domain.
    #[error("parameter {name:?}: {source}")]
    Prior {
        /// The name of the parameter.
        name: String,
        /// The cause.
        source: PriorError,
    },
    /// The default of a parameter lies outside its domain.
    #[error("parameter {name:?}: the default {value} is not one of its values")]
    Default {
        /// The name of the parameter.
        name: String,
        /// The literal.
        value: Choice,
    },
    /// A condition refers to a parameter that is not defined before the child.
    #[error("parameter {name:?} depends on {parent:?}, which is not defined before it")]
    UnknownParent {
        /// The name of the child.
        name: String,
        /// The name of the parent.
        parent: String,
    },
    /// A condition refers to a value outside the domain of the parent.
    #[error(
        "parameter {name:?} depends on {parent:?} having the value {value}, which it cannot have"
    )]
    ConditionValue {
        /// The name of the child.
        name: String,
        /// The name of the parent.
        parent: String,
        /// The literal.
        value: Choice,
    },
    /// A condition lists no value.
    #[error("parameter {name:?} has a condition without values")]
    ConditionEmpty {
        /// The name of the child.
        name: String,
    },
    /// A condition gives a range for a nominal parent.
    #[error("parameter {name:?} has a condition on a range of {parent:?}, which has no order")]
    ConditionOrder {
        /// The name of the child.
        name: String,
        /// The name of the parent.
        parent: String,
    },
    /// A condition gives a range that is empty, unbounded on both sides or NaN.
    #[error("parameter {name:?} has a condition on the empty or unbounded range {low} to {high}")]
    ConditionRange {
        /// The name of the child.
        name: String,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// The document does not have the form of a space.
    #[error("{reason}")]
    Form {
        /// The explanation.
        reason: String,
    },
    /// The definition of a parameter has an unknown type, or lacks or misuses a field.
    #[error("parameter {name:?}: {reason}")]
    Definition {
        /// The name of the parameter.
        name: String,
        /// The explanation.
        reason: String,
    },
    /// A constraint cannot be parsed or refers to an unknown parameter.
    #[error("constraint {name:?}: {reason}")]
    Constraint {
        /// The text or the position of the constraint.
        name: String,
        /// The explanation.
        reason: String,
    },
}

/// The reason for which a configuration is not a member of a space.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The number of parameters differs from that of the space.
    #[error("the configuration has {found} parameters, the space {expected}")]
    Length {
        /// The number of parameters of the configuration.
        found: usize,
        /// The number of parameters of the space.
        expected: usize,
    },
    /// An active parameter has no value.
    #[error("parameter {name:?} is active but has no value")]
    Missing {
        /// The name of the parameter.
        name: String,
    },
    /// An inactive parameter has a value.
    #[error("parameter {name:?} is inactive but has a value")]
    Inactive {
        /// The name of the parameter.
        name: String,
    },
    /// A value lies outside the domain of its parameter.
    #[error("parameter {name:?} cannot have the value {value}")]
    Outside {
        /// The name of the parameter.
        name: String,
        /// The value as given.
        value: String,
    },
    /// The space has no parameter of this name.
    #[error("there is no parameter {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
}
