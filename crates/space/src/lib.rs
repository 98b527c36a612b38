//! What may be chosen: parameters, conditions, priors, cheap constraints and encodings.
//!
//! A [`Space`] is an ordered list of named parameters. Each has a [`Domain`] (float, integer,
//! categorical or ordinal), may depend on earlier ones through a [`Condition`], and may carry a
//! [`Prior`]. A [`Config`] holds the values of the parameters that are active.
//!
//! ```
//! use automl_space::{Key, Space};
//!
//! let mut builder = Space::builder();
//! let lr: Key<f64> = builder.float("lr", 1e-5..=1e-1).log().add()?;
//! let optimizer = builder.choice("optimizer", ["adam", "sgd"]).add()?;
//! let momentum = builder.float("momentum", 0.0..=0.99).when(optimizer, "sgd").add()?;
//! let space = builder.build()?;
//!
//! let config = space.sample(&mut automl_numeric::stream(1, 0, "doc"));
//! assert!((1e-5..=1e-1).contains(&config[lr]));
//! assert_eq!(config.get(momentum).is_some(), space.choice(&config, optimizer) == Some("sgd"));
//! # Ok::<(), automl_space::SpaceError>(())
//! ```

mod builder;
mod condition;
mod config;
mod configspace;
mod constraint;
mod domain;
mod encoding;
mod expression;
mod neighbours;
mod prior;
mod raw;
mod sampling;
mod size;
mod space;
mod value;

pub use builder::{Key, ParamBuilder, SpaceBuilder};
pub use condition::{Clause, Condition, Test};
pub use config::Config;
pub use constraint::Constraint;
pub use domain::{CategoricalDomain, Domain, DomainError, FloatDomain, IntDomain};
pub use encoding::Point;
pub use expression::Expression;
pub use prior::{Prior, PriorError};
pub use space::{ConfigError, Param, Space, SpaceError};
pub use value::{Choice, Choices, Value};
