//! Conditions: when a parameter is active.

use crate::{Config, Value};

/// The conjunction of clauses under which a parameter is active.
///
/// # Examples
/// ```
/// use automl_space::{Clause, Predicate, Space};
///
/// let mut builder = Space::builder();
/// let optimizer = builder.choice("optimizer", ["adam", "sgd"]).add()?;
/// builder.float("momentum", 0.0..=0.99).when(optimizer, "sgd").add()?;
/// let space = builder.build()?;
///
/// let condition = space.params()[1].condition().expect("momentum has a condition");
/// let Clause { parent, predicate } = &condition.clauses[0];
/// assert_eq!(*parent, 0);
/// assert!(matches!(predicate, Predicate::OneOf(values) if values.len() == 1));
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The clauses, all of which must hold.
    pub clauses: Vec<Clause>,
}

/// One clause: the parent is active and its value satisfies the predicate.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The index of the parent, which precedes its children.
    pub parent: usize,
    /// The predicate on the value of the parent.
    pub predicate: Predicate,
}

/// A predicate on the value of one parameter.
///
/// # Examples
/// ```
/// use automl_space::{Predicate, Value};
///
/// let deep = Predicate::Between(4.0, f64::INFINITY);
/// assert!(deep.holds(Value::Int(4)) && !deep.holds(Value::Int(3)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// The value is one of these.
    OneOf(Vec<Value>),
    /// The value, as a number, lies in `[low, high]`; either end may be infinite.
    Between(f64, f64),
}

impl Predicate {
    /// Whether a value satisfies the predicate.
    pub fn holds(&self, value: Value) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::Between(low, high) => (*low..=*high).contains(&value.as_f64()),
        }
    }
}

impl Clause {
    /// Whether the parent is active in the configuration and its value satisfies the predicate.
    pub fn holds(&self, config: &Config) -> bool {
        config.value(self.parent).is_some_and(|value| self.predicate.holds(value))
    }
}

impl Condition {
    /// Whether every clause holds, given the values of the parameters so far.
    pub fn holds(&self, config: &Config) -> bool {
        self.clauses.iter().all(|clause| clause.holds(config))
    }
}
