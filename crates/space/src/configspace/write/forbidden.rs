//! Writing of constraints as forbidden clauses.

use super::{is_listed, literals};
use crate::expression::{Formula, Relation, Term};
use crate::{Clause, Constraint, Domain, Param, Predicate, Space, SpaceError, Value};
use serde_json::{Value as Json, json};

impl Space {
    /// The forbidden clause that expresses a constraint; `None` where the constraint always holds.
    pub(super) fn forbidden(&self, constraint: &Constraint) -> Result<Option<Json>, SpaceError> {
        let refused = |name: &str, reason: String| {
            Err(SpaceError::Constraint { name: name.to_owned(), reason })
        };
        match constraint {
            Constraint::Custom { name, .. } => refused(name, "a function cannot be written".into()),
            Constraint::Forbidden(clauses) => {
                let one = |c: &Clause| clause(&self.params()[c.parent], &c.predicate);
                Ok(all(clauses.iter().map(one)))
            }
            Constraint::Expression(expression) => match self.negation(expression.formula()) {
                Ok(json) => Ok(json),
                Err(reason) => refused(expression.text(), reason.into()),
            },
        }
    }

    /// The forbidden clause that holds exactly where the formula does not.
    fn negation(&self, formula: &Formula) -> Result<Option<Json>, &'static str> {
        let each = |parts: &[Formula]| {
            parts.iter().map(|part| self.negation(part)).collect::<Result<Vec<_>, _>>()
        };
        match formula {
            Formula::All(parts) => Ok(any(each(parts)?)),
            Formula::Any(parts) => Ok(all(each(parts)?)),
            Formula::OneOf { index, values, expected } => {
                let param = &self.params()[*index];
                if !expected {
                    return Ok(clause(param, &Predicate::OneOf(values.clone())));
                }
                let n = param.domain().cardinality().filter(|n| *n <= super::MAX_STEPS);
                let n = n.ok_or("the values that it forbids are too many for a list")?;
                let others = (0..n).map(|k| param.domain().nth(k));
                let others: Vec<Value> = others.filter(|value| !values.contains(value)).collect();
                Ok(clause(param, &Predicate::OneOf(others)))
            }
            Formula::Compare(relation, left, right) => self.comparison(*relation, left, right),
        }
    }

    /// The forbidden clause that holds exactly where a comparison does not.
    fn comparison(
        &self,
        relation: Relation,
        left: &Term,
        right: &Term,
    ) -> Result<Option<Json>, &'static str> {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        let within = |index: &usize, low: f64, high: f64| {
            clause(&self.params()[*index], &Predicate::Between(low, high))
        };
        Ok(match (relation, left, right) {
            (_, Term::Param(a) | Term::Choice(a, _), Term::Param(b) | Term::Choice(b, _)) => {
                let part = |kind: &str| {
                    let name = |index: usize| self.params()[index].name();
                    Some(json!({ "type": kind, "left": name(*a), "right": name(*b) }))
                };
                match relation {
                    Relation::Less => part("RELATION_GE"),
                    Relation::AtMost => part("RELATION_GT"),
                    Relation::Unequal => part("RELATION_EQ"),
                    Relation::Equal => any(vec![part("RELATION_LT"), part("RELATION_GT")]),
                }
            }
            (Relation::Less, Term::Param(i), Term::Constant(x)) => within(i, *x, high),
            (Relation::AtMost, Term::Param(i), Term::Constant(x)) => within(i, x.next_up(), high),
            (Relation::Less, Term::Constant(x), Term::Param(i)) => within(i, low, *x),
            (Relation::AtMost, Term::Constant(x), Term::Param(i)) => within(i, low, x.next_down()),
            (Relation::Unequal, Term::Param(i), Term::Constant(x))
            | (Relation::Unequal, Term::Constant(x), Term::Param(i)) => within(i, *x, *x),
            (Relation::Equal, Term::Param(i), Term::Constant(x))
            | (Relation::Equal, Term::Constant(x), Term::Param(i)) => {
                any(vec![within(i, x.next_up(), high), within(i, low, x.next_down())])
            }
            _ => return Err("ConfigSpace compares parameters with parameters and values only"),
        })
    }
}

/// A conjunction; `None` where a part never holds, and without parts.
fn all(parts: impl IntoIterator<Item = Option<Json>>) -> Option<Json> {
    joined("AND", parts.into_iter().collect::<Option<Vec<_>>>()?)
}

/// A disjunction; `None` where no part can hold.
fn any(parts: Vec<Option<Json>>) -> Option<Json> {
    joined("OR", parts.into_iter().flatten().collect())
}

fn joined(kind: &str, mut parts: Vec<Json>) -> Option<Json> {
    match parts.len() {
        0 => None,
        1 => Some(parts.remove(0)),
        _ => Some(json!({ "type": kind, "clauses": parts })),
    }
}

/// The clause of one parameter; `None` where no value satisfies the predicate.
fn clause(param: &Param, predicate: &Predicate) -> Option<Json> {
    let name = param.name();
    let list = |values: Vec<Json>| {
        (!values.is_empty()).then(|| json!({ "type": "IN", "name": name, "values": values }))
    };
    let (low, high) = match predicate {
        Predicate::OneOf(values) => return list(literals(param, values.iter().copied())),
        Predicate::Between(..) if is_listed(param) => {
            let n = param.domain().cardinality().unwrap_or(0);
            let values = (0..n).map(|k| param.domain().nth(k));
            return list(literals(param, values.filter(|value| predicate.holds(*value))));
        }
        Predicate::Between(low, high) => (*low, *high),
    };
    // ConfigSpace takes values of the domain only.
    let (first, last, low, high) = match param.domain() {
        Domain::Int(d) => (d.low() as f64, d.high() as f64, low.ceil(), high.floor()),
        Domain::Float(d) => (d.low(), d.high(), low, high),
        Domain::Categorical(_) => return None,
    };
    if low > high || low > last || high < first {
        return None;
    }
    let part = |kind: &str, bound: f64| {
        let value = match param.domain() {
            Domain::Int(_) => json!(bound as i64),
            _ => json!(bound),
        };
        Some(json!({ "type": kind, "name": name, "value": value }))
    };
    let below = part("CLAUSE_LE", high.min(last));
    match (low > first, high < last) {
        (true, true) => all([part("CLAUSE_GE", low), below]),
        (true, false) => part("CLAUSE_GE", low),
        _ => below,
    }
}
