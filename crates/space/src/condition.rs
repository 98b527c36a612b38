//! When a parameter is active.

use crate::{Choice, Config, Value};

/// The conjunction of clauses under which a parameter is active.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// All must hold.
    pub clauses: Vec<Clause>,
}

/// One clause: the parent is active and its value passes the test.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The index of the parent, which stands before its children.
    pub parent: usize,
    /// What the parent's value must satisfy.
    pub test: Test,
}

/// A test of a parent's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value is one of these.
    OneOf(Vec<Value>),
    /// The value, as a number, lies in `[low, high]`; either end may be infinite.
    Between(f64, f64),
}

impl Test {
    /// Whether a value passes.
    pub fn holds(&self, value: Value) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::Between(low, high) => (*low..=*high).contains(&value.as_f64()),
        }
    }
}

impl Condition {
    /// Whether every clause holds for the values so far.
    pub fn holds(&self, config: &Config) -> bool {
        self.clauses
            .iter()
            .all(|clause| config.value(clause.parent).is_some_and(|v| clause.test.holds(v)))
    }
}

/// A clause as a person wrote it, before its literals are looked up in the parent's domain.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    OneOf(usize, Vec<Choice>),
    Between(usize, f64, f64),
}
