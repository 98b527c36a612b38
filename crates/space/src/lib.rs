#![doc = include_str!("../README.md")]

mod builder;
mod condition;
mod config;
mod configspace;
mod constraint;
mod domain;
mod encoding;
mod error;
mod expression;
mod json;
mod key;
mod neighbors;
mod param;
mod prior;
mod sampling;
mod size;
mod space;
mod value;

pub use builder::{ParamBuilder, SpaceBuilder};
pub use condition::{Clause, Condition, Predicate};
pub use config::{Config, ParamValue};
pub use constraint::Constraint;
pub use domain::{CategoricalDomain, Domain, DomainError, FloatDomain, IntDomain};
pub use encoding::Point;
pub use error::{ConfigError, SpaceError};
pub use expression::{Expression, Measure};
pub use key::Key;
pub use param::Param;
pub use prior::{Prior, PriorError};
pub use space::Space;
pub use value::{Choice, Choices, Value};
