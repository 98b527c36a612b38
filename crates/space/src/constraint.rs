//! Cheap constraints: what can be judged before any evaluation.

use crate::{Clause, Config, Expression, Space};
use std::fmt;
use std::sync::Arc;

/// The measure behind a custom constraint: at most zero where the configuration is allowed.
type Measure = dyn Fn(&Space, &Config) -> f64 + Send + Sync;

/// A condition that a configuration must meet to be worth evaluating.
#[derive(Clone)]
pub enum Constraint {
    /// Not all of the clauses may hold at once (a forbidden combination of values).
    Forbidden(Vec<Clause>),
    /// A condition on the values, read from text.
    Expression(Expression),
    /// A function of the program: at most zero where allowed, else the size of the violation. It
    /// is not serialised.
    Custom {
        /// What it is called in messages.
        name: String,
        /// The function.
        measure: Arc<Measure>,
    },
}

impl Constraint {
    /// A constraint from a function that is at most zero exactly where a configuration is allowed.
    pub fn custom(
        name: impl Into<String>,
        measure: impl Fn(&Space, &Config) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::Custom { name: name.into(), measure: Arc::new(measure) }
    }

    /// The size of the violation, zero where the configuration is allowed.
    pub fn violation(&self, space: &Space, config: &Config) -> f64 {
        match self {
            Self::Forbidden(clauses) => {
                let holds = clauses.iter().all(|clause| {
                    config.value(clause.parent).is_some_and(|value| clause.test.holds(value))
                });
                f64::from(u8::from(holds && !clauses.is_empty()))
            }
            Self::Expression(expression) => expression.violation(config),
            Self::Custom { measure, .. } => {
                let excess = measure(space, config);
                if excess.is_nan() { f64::INFINITY } else { excess.max(0.0) }
            }
        }
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(clauses) => f.debug_tuple("Forbidden").field(clauses).finish(),
            Self::Expression(expression) => {
                f.debug_tuple("Expression").field(&expression.text()).finish()
            }
            Self::Custom { name, .. } => f.debug_struct("Custom").field("name", name).finish(),
        }
    }
}

impl PartialEq for Constraint {
    /// Equal data; two custom constraints are equal if they share name and function.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Forbidden(a), Self::Forbidden(b)) => a == b,
            (Self::Expression(a), Self::Expression(b)) => a == b,
            (Self::Custom { name: a, measure: f }, Self::Custom { name: b, measure: g }) => {
                a == b && Arc::ptr_eq(f, g)
            }
            _ => false,
        }
    }
}
