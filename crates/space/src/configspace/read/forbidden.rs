//! Translation of ConfigSpace's forbidden clauses.

use super::Reader;
use super::range::Values;
use crate::SpaceError;
use serde_json::{Value as Json, json};

/// The largest number of combinations into which one forbidden clause is expanded.
const MOST: usize = 10_000;

/// A forbidden conjunction.
#[derive(Clone, Debug, Default)]
struct Combination {
    clauses: Vec<(String, Values)>,
    /// Relations of two parameters, negated, as text.
    allowed: Vec<String>,
}

impl Reader<'_> {
    /// The constraints that a forbidden clause amounts to.
    pub(super) fn forbidden(&self, position: usize, json: &Json) -> Result<Vec<Json>, SpaceError> {
        let alternatives = self.alternatives(json);
        let constraints = alternatives.and_then(|all| all.iter().map(Combination::json).collect());
        constraints
            .map_err(|reason| SpaceError::Constraint { name: format!("#{position}"), reason })
    }

    /// The conjunctions of which one must hold for a configuration to be forbidden.
    fn alternatives(&self, json: &Json) -> Result<Vec<Combination>, String> {
        let kind = json["type"].as_str().unwrap_or_default();
        match (kind, &json["clauses"]) {
            ("AND" | "OR", Json::Array(parts)) if !parts.is_empty() => {
                let parts = parts.iter().map(|part| self.alternatives(part));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                return if kind == "OR" { Ok(parts.concat()) } else { product(&parts) };
            }
            ("AND" | "OR", _) => return Err(format!("{kind:?} needs a list \"clauses\"")),
            _ => {}
        }
        if kind == "RELATION" {
            return self.relation(json["lambda"].as_str().unwrap_or_default(), json);
        }
        if let Some(relation) = kind.strip_prefix("RELATION_") {
            return self.relation(relation, json);
        }
        let name = json["name"].as_str().ok_or("a clause needs a text \"name\"")?;
        let values = match kind {
            "EQUALS" => Some(Values::List(vec![json["value"].clone()])),
            "IN" => json["values"].as_array().cloned().map(Values::List),
            "CLAUSE_LT" | "CLAUSE_LE" | "CLAUSE_GT" | "CLAUSE_GE" => {
                self.beyond(name, &kind["CLAUSE_".len()..], &json["value"])
            }
            _ => return Err(format!("unknown clause {kind:?}")),
        };
        let values = values.ok_or_else(|| format!("{kind:?} does not suit {name:?}"))?;
        if values == Values::List(Vec::new()) {
            return Ok(Vec::new());
        }
        Ok(vec![Combination { clauses: vec![(name.to_owned(), values)], ..Default::default() }])
    }

    /// The alternatives of a relation of two parameters. It compares values, those of ordinals too.
    fn relation(&self, relation: &str, json: &Json) -> Result<Vec<Combination>, String> {
        let side =
            |key: &str| json[key].as_str().ok_or_else(|| format!("a relation needs {key:?}"));
        let (left, right) = (side("left")?, side("right")?);
        // The negation of the forbidden relation.
        let allowed = match relation {
            "LT" => ">=",
            "LE" => ">",
            "GT" => "<=",
            "GE" => "<",
            "EQ" | "EQUALS" => "!=",
            _ => return Err(format!("unknown relation {relation:?}")),
        };
        let (first, second) = (self.values(left), self.values(right));
        let numbers = |values: &Option<Vec<Json>>| {
            values.as_ref().is_none_or(|values| values.iter().all(Json::is_number))
        };
        if numbers(&first) && numbers(&second) {
            let text = format!("`{left}` {allowed} `{right}`");
            return Ok(vec![Combination { allowed: vec![text], ..Default::default() }]);
        }
        let unsuited = || format!("{left:?} and {right:?} cannot be compared by {relation:?}");
        let mut all = Vec::new();
        for value in &first.ok_or_else(unsuited)? {
            for other in second.as_ref().ok_or_else(unsuited)? {
                let holds = match (relation, value, other) {
                    ("EQ" | "EQUALS", ..) => value == other,
                    ("LT", Json::String(a), Json::String(b)) => a < b,
                    ("LE", Json::String(a), Json::String(b)) => a <= b,
                    ("GT", Json::String(a), Json::String(b)) => a > b,
                    ("GE", Json::String(a), Json::String(b)) => a >= b,
                    _ => return Err(unsuited()),
                };
                if holds {
                    let one =
                        |name: &str, v: &Json| (name.to_owned(), Values::List(vec![v.clone()]));
                    let clauses = vec![one(left, value), one(right, other)];
                    all.push(Combination { clauses, ..Default::default() });
                }
            }
        }
        Ok(all)
    }
}

/// The conjunctions of one alternative of each part.
fn product(parts: &[Vec<Combination>]) -> Result<Vec<Combination>, String> {
    let mut all = vec![Combination::default()];
    for part in parts {
        if all.len().saturating_mul(part.len()) > MOST {
            return Err(format!("it has more than {MOST} combinations"));
        }
        let with = |a: &Combination, b: &Combination| Combination {
            clauses: [&a.clauses[..], &b.clauses].concat(),
            allowed: [&a.allowed[..], &b.allowed].concat(),
        };
        all = all.iter().flat_map(|a| part.iter().map(move |b| with(a, b))).collect();
    }
    Ok(all)
}

impl Combination {
    /// The constraint in this crate's JSON form.
    fn json(&self) -> Result<Json, String> {
        if self.allowed.is_empty() {
            let clauses: Vec<_> = self.clauses.iter().map(|(name, v)| v.clause(name)).collect();
            return Ok(json!({ "forbidden": clauses }));
        }
        let mut parts = self.allowed.clone();
        for (name, values) in &self.clauses {
            parts.push(otherwise(name, values)?);
        }
        Ok(json!({ "expression": parts.join(" or ") }))
    }
}

/// The text of the negation of a clause.
fn otherwise(name: &str, values: &Values) -> Result<String, String> {
    match values {
        Values::Range(low, high) if high.is_infinite() => Ok(format!("`{name}` < {low:?}")),
        Values::Range(low, high) if low.is_infinite() => Ok(format!("`{name}` > {high:?}")),
        Values::Range(low, high) => Ok(format!("`{name}` < {low:?} or `{name}` > {high:?}")),
        Values::List(values) => {
            let literal = |value: &Json| match value {
                Json::String(text) if !text.contains('\'') => Ok(format!("'{text}'")),
                Json::String(text) if !text.contains('"') => Ok(format!("\"{text}\"")),
                Json::Number(_) | Json::Bool(_) => Ok(value.to_string()),
                _ => Err(format!("the value {value} of {name:?} cannot stand beside a relation")),
            };
            let literals = values.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("`{name}` not in [{}]", literals.join(", ")))
        }
    }
}
