//! The JSON form of clauses.

use crate::builder::{ClauseSpec, PredicateSpec};
use crate::{Choice, Clause, Predicate, Space, SpaceBuilder, SpaceError};
use serde::{Deserialize, Serialize};

/// A condition: one clause, or a list of clauses that must all hold.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a condition is {\"parent\": .., \"values\": [..]}, or a list of those"
)]
pub(super) enum JsonCondition {
    One(JsonClause),
    All(Vec<JsonClause>),
}

impl JsonCondition {
    pub(super) fn of(space: &Space, clauses: &[Clause]) -> Self {
        let mut clauses: Vec<_> =
            clauses.iter().map(|clause| JsonClause::of(space, clause)).collect();
        match clauses.len() {
            1 => Self::One(clauses.remove(0)),
            _ => Self::All(clauses),
        }
    }

    pub(super) fn into_clauses(self) -> Vec<JsonClause> {
        match self {
            Self::One(clause) => vec![clause],
            Self::All(clauses) => clauses,
        }
    }
}

/// A clause: the values of the parent, or a range.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonClause {
    parent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Choice>>,
    /// A missing bound is infinite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

impl JsonClause {
    pub(super) fn of(space: &Space, clause: &Clause) -> Self {
        let parent = &space.params()[clause.parent];
        let mut json =
            Self { parent: parent.name().to_owned(), values: None, low: None, high: None };
        match &clause.predicate {
            Predicate::OneOf(values) => {
                let literals = values.iter().filter_map(|v| parent.domain().literal(*v));
                json.values = Some(literals.collect());
            }
            Predicate::Between(low, high) => {
                json.low = low.is_finite().then_some(*low);
                json.high = high.is_finite().then_some(*high);
            }
        }
        json
    }

    /// The clause of a condition on the parameter `child`.
    pub(super) fn spec(
        self,
        builder: &SpaceBuilder,
        child: &str,
    ) -> Result<ClauseSpec, SpaceError> {
        let parent = builder.index_of(&self.parent).ok_or_else(|| SpaceError::UnknownParent {
            name: child.to_owned(),
            parent: self.parent.clone(),
        })?;
        let predicate = self
            .predicate()
            .map_err(|reason| SpaceError::Definition { name: child.to_owned(), reason })?;
        Ok(ClauseSpec { parent, predicate })
    }

    /// The clause of the constraint `name`.
    pub(super) fn resolve(self, builder: &SpaceBuilder, name: &str) -> Result<Clause, SpaceError> {
        let bad = |reason: String| SpaceError::Constraint { name: name.to_owned(), reason };
        let found = builder.index_of(&self.parent);
        let (parent, param) = found
            .and_then(|index| Some((index, builder.param(index)?)))
            .ok_or_else(|| bad(format!("there is no parameter {:?}", self.parent)))?;
        let predicate = match self.predicate().map_err(bad)? {
            PredicateSpec::Between(..) if !param.domain().is_ordered() => {
                return Err(bad(format!("the choices of {:?} have no order", param.name())));
            }
            PredicateSpec::Between(low, high) => Predicate::Between(low, high),
            PredicateSpec::OneOf(values) => Predicate::OneOf(
                values
                    .iter()
                    .map(|literal| {
                        param.domain().value_of(literal).ok_or_else(|| {
                            bad(format!("{:?} cannot have the value {literal}", param.name()))
                        })
                    })
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Clause { parent, predicate })
    }

    /// The values or the range; an explanation for a clause with both or neither.
    fn predicate(self) -> Result<PredicateSpec, String> {
        let parent = &self.parent;
        match (self.values, self.low, self.high) {
            (Some(values), None, None) => Ok(PredicateSpec::OneOf(values)),
            (Some(_), ..) => Err(format!(
                "a condition on {parent:?} has \"values\" or \"low\" and \"high\", not both"
            )),
            (None, None, None) => {
                Err(format!("a condition on {parent:?} needs \"values\", or \"low\" or \"high\""))
            }
            (None, low, high) => Ok(PredicateSpec::Between(
                low.unwrap_or(f64::NEG_INFINITY),
                high.unwrap_or(f64::INFINITY),
            )),
        }
    }
}
