//! Translation of ConfigSpace's conditions.

use super::{Reader, refused, text};
use crate::SpaceError;
use serde_json::{Value as Json, json};

impl Reader<'_> {
    /// Adds the clauses of a condition to its child.
    pub(super) fn condition(&mut self, json: &Json) -> Result<(), SpaceError> {
        let child = text(json, "child", "")?;
        let clauses = self.clauses(child, json)?;
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

    /// The clauses of a condition in our form.
    fn clauses(&self, child: &str, json: &Json) -> Result<Vec<Json>, SpaceError> {
        let kind = text(json, "type", child)?;
        if let "AND" | "OR" = kind {
            let Some(parts) = json["conditions"].as_array() else {
                return Err(refused(child, format!("{kind:?} needs a list \"conditions\"")));
            };
            let parts = parts.iter().map(|part| self.clauses(child, part));
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            if kind == "OR" && parts.iter().any(|part| part.len() > 1) {
                return Err(refused(child, "an \"AND\" inside an \"OR\" has no counterpart"));
            }
            let parts = parts.concat();
            return if kind == "AND" { Ok(parts) } else { either(child, &parts) };
        }
        let parent = text(json, "parent", child)?;
        let value = &json["value"];
        let ordered = self.originals.iter().any(|p| p["name"] == parent && p["type"] == "ordinal");
        let unsuited = || refused(child, format!("{kind:?} does not suit its parent {parent:?}"));
        let values = match kind {
            "EQ" => vec![value.clone()],
            "IN" => json["values"].as_array().cloned().ok_or_else(unsuited)?,
            "NEQ" => {
                let mut values = self.values(parent).ok_or_else(unsuited)?;
                values.retain(|other| other != value);
                values
            }
            "GT" | "LT" if ordered => {
                let mut values = self.values(parent).ok_or_else(unsuited)?;
                let at = values.iter().position(|other| other == value).ok_or_else(unsuited)?;
                if kind == "GT" { values.split_off(at + 1) } else { values.drain(..at).collect() }
            }
            "GT" | "LT" => {
                let value = value.as_f64().ok_or_else(unsuited)?;
                let (key, bound) = if kind == "GT" {
                    ("low", value.next_up())
                } else {
                    ("high", value.next_down())
                };
                return Ok(vec![json!({ "parent": parent, key: bound })]);
            }
            _ => return Err(refused(child, format!("unknown condition {kind:?}"))),
        };
        Ok(vec![json!({ "parent": parent, "values": values })])
    }
}

/// A disjunction over the values of one parent.
fn either(child: &str, clauses: &[Json]) -> Result<Vec<Json>, SpaceError> {
    let parent = &clauses.first().ok_or_else(|| refused(child, "an empty \"OR\""))?["parent"];
    let mut values: Vec<Json> = Vec::new();
    for clause in clauses {
        match &clause["values"] {
            Json::Array(more) if clause["parent"] == *parent => {
                values.extend(
                    more.iter().filter(|v| !values.contains(v)).cloned().collect::<Vec<_>>(),
                );
            }
            _ => {
                let reason = "\"OR\" over several parents or ranges has no counterpart";
                return Err(refused(child, reason));
            }
        }
    }
    Ok(vec![json!({ "parent": parent, "values": values })])
}
