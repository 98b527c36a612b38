//! Formulas: logical combinations of comparisons, in negation normal form.

use super::term::Term;
use crate::{Config, Value};

/// A formula without negations, which the parser pushes down to the comparisons.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula {
    All(Vec<Formula>),
    Any(Vec<Formula>),
    Compare(Relation, Term, Term),
    /// Whether a parameter has one of the values, or none of them where `expected` is false.
    OneOf {
        index: usize,
        values: Vec<Value>,
        expected: bool,
    },
}

/// A relation between two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Relation {
    Less,
    AtMost,
    Equal,
    Unequal,
}

impl Formula {
    /// The size of the violation, zero where the formula holds.
    pub(super) fn violation(&self, config: &Config) -> f64 {
        match self {
            Self::All(parts) => parts.iter().map(|part| part.violation(config)).sum(),
            Self::Any(parts) => {
                parts.iter().map(|part| part.violation(config)).fold(f64::INFINITY, f64::min)
            }
            Self::Compare(relation, left, right) => {
                match (left.value(config), right.value(config)) {
                    (Some(left), Some(right)) => relation.violation(left, right),
                    _ => 0.0,
                }
            }
            Self::OneOf { index, values, expected } => match config.value(*index) {
                Some(value) => f64::from(u8::from(values.contains(&value) != *expected)),
                None => 0.0,
            },
        }
    }

    /// The negation, by De Morgan's laws.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::All(parts) => Self::Any(parts.into_iter().map(Self::negated).collect()),
            Self::Any(parts) => Self::All(parts.into_iter().map(Self::negated).collect()),
            Self::Compare(relation, left, right) => match relation {
                Relation::Less => Self::Compare(Relation::AtMost, right, left),
                Relation::AtMost => Self::Compare(Relation::Less, right, left),
                Relation::Equal => Self::Compare(Relation::Unequal, left, right),
                Relation::Unequal => Self::Compare(Relation::Equal, left, right),
            },
            Self::OneOf { index, values, expected } => {
                Self::OneOf { index, values, expected: !expected }
            }
        }
    }
}

impl Relation {
    fn violation(self, left: f64, right: f64) -> f64 {
        if left.is_nan() || right.is_nan() {
            return f64::INFINITY;
        }
        // The smallest positive number keeps a violation of a strict relation visible.
        let excess = |holds: bool, by: f64| if holds { 0.0 } else { by.max(f64::MIN_POSITIVE) };
        match self {
            Self::Less => excess(left < right, left - right),
            Self::AtMost => excess(left <= right, left - right),
            Self::Equal => excess(left == right, (left - right).abs()),
            Self::Unequal => excess(left != right, 1.0),
        }
    }
}
