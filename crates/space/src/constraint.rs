//! Constraints that are checked before any evaluation.

use crate::{Clause, Config, Expression, Space};
use std::fmt;
use std::sync::Arc;

/// The function of a custom constraint: at most zero where the configuration is allowed.
type Measure = dyn Fn(&Space, &Config) -> f64 + Send + Sync;

/// A constraint that a configuration must satisfy before it is evaluated.
///
/// # Examples
/// ```
/// use automl_space::{Constraint, Space};
///
/// let mut builder = Space::builder();
/// let heads = builder.int("heads", 1..=8).add()?;
/// let width = builder.int("width", 8..=64).add()?;
/// builder.constraint(Constraint::custom("whole heads", move |_, config| {
///     (config[width] % config[heads]) as f64
/// }));
/// let space = builder.build()?;
/// let uneven = space.config([("heads", 3.into()), ("width", 64.into())])?;
/// assert_eq!(space.violation(&uneven), 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub enum Constraint {
    /// A forbidden combination: the clauses must not all hold at once.
    Forbidden(Vec<Clause>),
    /// A condition on the values, parsed from text.
    Expression(Expression),
    /// A function: at most zero where the configuration is allowed, else the size of the violation.
    /// Serialization omits it.
    Custom {
        /// The name in messages.
        name: String,
        /// The function.
        measure: Arc<Measure>,
    },
}

impl Constraint {
    /// Creates a constraint from a function that is at most zero exactly where a configuration is
    /// allowed. NaN counts as an infinite violation.
    pub fn custom(
        name: impl Into<String>,
        measure: impl Fn(&Space, &Config) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::Custom { name: name.into(), measure: Arc::new(measure) }
    }

    /// The size of the violation in `[0, inf]`, zero where the configuration is allowed; 1 for a
    /// forbidden combination.
    pub fn violation(&self, space: &Space, config: &Config) -> f64 {
        match self {
            Self::Forbidden(clauses) => {
                let holds = clauses.iter().all(|clause| clause.holds(config));
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
    /// Compares the data; two custom constraints are equal if they share name and function.
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
