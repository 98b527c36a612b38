//! Translation of ConfigSpace's conditions.

use super::range::Values;
use super::{Reader, refused, text};
use crate::SpaceError;
use serde_json::{Value as Json, json};

/// A clause: a parent and the values that it must have.
type Part = (String, Values);

impl Reader<'_> {
    /// Adds the clauses of a condition to its child.
    pub(super) fn condition(&mut self, json: &Json) -> Result<(), SpaceError> {
        let child = text(json, "child", "")?;
        let clauses = self.clauses(child, json)?;
        let clauses = clauses.iter().map(|(parent, values)| {
            // Every value: the parent must still be active.
            if *values == Values::Range(f64::NEG_INFINITY, f64::INFINITY) {
                let lower = self.original(parent).and_then(|json| json["lower"].as_f64());
                return Values::Range(lower.unwrap_or(f64::MIN), f64::INFINITY).clause(parent);
            }
            values.clause(parent)
        });
        let clauses: Vec<_> = clauses.collect();
        let mut all = self.parameters.iter_mut();
        let Some(ours) = all.find(|ours| ours["name"] == child) else {
            return Err(refused(child, "a condition names it, but it does not exist"));
        };
        match ours.entry("condition").or_insert_with(|| json!([])) {
            Json::Array(list) => list.extend(clauses),
            _ => return Err(refused(child, "it has two conditions")),
        }
        Ok(())
    }

    /// The clauses of a condition, all of which must hold.
    fn clauses(&self, child: &str, json: &Json) -> Result<Vec<Part>, SpaceError> {
        let kind = text(json, "type", child)?;
        if let "AND" | "OR" = kind {
            let Some(parts) = json["conditions"].as_array().filter(|parts| !parts.is_empty())
            else {
                return Err(refused(child, format!("{kind:?} needs a list \"conditions\"")));
            };
            let parts = parts.iter().map(|part| self.clauses(child, part));
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            return if kind == "AND" { Ok(parts.concat()) } else { self.either(child, parts) };
        }
        let parent = text(json, "parent", child)?;
        let value = &json["value"];
        let values = match kind {
            "EQ" => Some(Values::List(vec![value.clone()])),
            "IN" => json["values"].as_array().cloned().map(Values::List),
            "NEQ" => self.except(parent, value),
            "GT" | "LT" => self.beyond(parent, kind, value),
            _ => return Err(refused(child, format!("unknown condition {kind:?}"))),
        };
        let unsuited = || refused(child, format!("{kind:?} does not suit its parent {parent:?}"));
        Ok(vec![(parent.to_owned(), values.ok_or_else(unsuited)?)])
    }

    /// The clauses of a disjunction; its parts may differ in one parent only.
    fn either(&self, child: &str, parts: Vec<Vec<Part>>) -> Result<Vec<Part>, SpaceError> {
        let mut parts = parts.into_iter().filter_map(joined);
        let Some(mut all) = parts.next() else {
            return Err(refused(child, "no part of its \"OR\" can hold"));
        };
        for part in parts {
            all = self.joint(&all, &part).ok_or_else(|| {
                refused(
                    child,
                    "an \"OR\" over several parents or separate ranges has no counterpart",
                )
            })?;
        }
        Ok(all)
    }

    /// The union of two conjunctions; `None` where it is no conjunction.
    fn joint(&self, a: &[Part], b: &[Part]) -> Option<Vec<Part>> {
        let missing = |parts: &[Part], part: &Part| !parts.contains(part);
        let (own, new): (Vec<_>, Vec<_>) = (
            a.iter().filter(|p| missing(b, p)).collect(),
            b.iter().filter(|p| missing(a, p)).collect(),
        );
        match (own.as_slice(), new.as_slice()) {
            // One implies the other.
            ([], _) => Some(a.to_vec()),
            (_, []) => Some(b.to_vec()),
            ([(parent, x)], [(other, y)]) if parent == other => {
                let union = self.union(parent, x, y)?;
                let part = |p: &Part| {
                    if p.0 == *parent { (p.0.clone(), union.clone()) } else { p.clone() }
                };
                Some(a.iter().map(part).collect())
            }
            _ => None,
        }
    }
}

/// A conjunction with one clause a parent; `None` where it never holds.
fn joined(parts: Vec<Part>) -> Option<Vec<Part>> {
    let mut all: Vec<Part> = Vec::new();
    for (parent, values) in parts {
        match all.iter_mut().find(|(other, _)| *other == parent) {
            Some((_, own)) => *own = own.intersection(&values)?,
            None => all.push((parent, values)),
        }
    }
    Some(all)
}
