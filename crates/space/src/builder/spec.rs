//! Domains and conditions as specified by a program or a document, before their checks.

use crate::{
    CategoricalDomain, Choice, Clause, Domain, DomainError, FloatDomain, IntDomain, Param,
    Predicate, SpaceError,
};

/// An unchecked domain.
#[derive(Clone, Debug)]
pub(crate) enum DomainSpec {
    Float { low: f64, high: f64, step: Option<f64> },
    Int { low: i64, high: i64, step: i64 },
    Categorical { choices: Vec<Choice>, ordered: bool },
}

impl DomainSpec {
    /// Checks the domain; `log` concerns numbers only.
    pub(crate) fn build(self, log: bool) -> Result<Domain, DomainError> {
        match self {
            Self::Float { low, high, step } => {
                FloatDomain::new(low, high, log, step).map(Domain::Float)
            }
            Self::Int { low, high, step } => IntDomain::new(low, high, log, step).map(Domain::Int),
            Self::Categorical { choices, ordered } => {
                CategoricalDomain::new(choices, ordered).map(Domain::Categorical)
            }
        }
    }
}

/// An unchecked clause.
#[derive(Clone, Debug)]
pub(crate) struct ClauseSpec {
    pub(crate) parent: usize,
    pub(crate) predicate: PredicateSpec,
}

/// A predicate with literals that are not yet looked up in the domain of the parent.
#[derive(Clone, Debug)]
pub(crate) enum PredicateSpec {
    OneOf(Vec<Choice>),
    Between(f64, f64),
}

impl ClauseSpec {
    /// Looks the literals up in the domain of the parent.
    pub(crate) fn resolve(self, params: &[Param], child: &str) -> Result<Clause, SpaceError> {
        let index = self.parent;
        let Some(parent) = params.get(index) else {
            return Err(SpaceError::UnknownParent {
                name: child.to_owned(),
                parent: index.to_string(),
            });
        };
        let predicate = match self.predicate {
            PredicateSpec::Between(low, high) => {
                if !parent.domain().is_ordered() {
                    return Err(SpaceError::ConditionOrder {
                        name: child.to_owned(),
                        parent: parent.name().to_owned(),
                    });
                }
                let unbounded = low == f64::NEG_INFINITY && high == f64::INFINITY;
                if low.is_nan() || high.is_nan() || low > high || unbounded {
                    return Err(SpaceError::ConditionRange { name: child.to_owned(), low, high });
                }
                Predicate::Between(low, high)
            }
            PredicateSpec::OneOf(literals) => {
                if literals.is_empty() {
                    return Err(SpaceError::ConditionEmpty { name: child.to_owned() });
                }
                let values = literals.into_iter().map(|literal| {
                    parent.domain().value_of(&literal).ok_or_else(|| SpaceError::ConditionValue {
                        name: child.to_owned(),
                        parent: parent.name().to_owned(),
                        value: literal,
                    })
                });
                Predicate::OneOf(values.collect::<Result<_, _>>()?)
            }
        };
        Ok(Clause { parent: index, predicate })
    }
}
