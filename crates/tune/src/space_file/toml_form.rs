//! The TOML form of spaces, which mirrors the JSON form.

use super::{Document, inline};
use crate::Fidelity;
use serde::Deserialize;
use serde_json::{Value, json};
use toml::de::DeTable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    parameters: Value,
    #[serde(default)]
    constraints: Vec<Constraint>,
    fidelity: Option<Fidelity>,
}

/// An expression, or clauses that must not hold together.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a constraint is an expression or {forbidden = [clauses]}")]
enum Constraint {
    Text(String),
    Table(Value),
}

pub(super) fn read(text: &str) -> Result<Document, String> {
    let form: Form = toml::from_str(text).map_err(|error| error.to_string())?;
    let parameters = match form.parameters {
        Value::Array(list) => list,
        Value::Object(map) => order(text)?
            .into_iter()
            .filter_map(|name| map.get(&name).map(|entry| named(name, entry)))
            .collect::<Result<_, _>>()?,
        _ => return Err("`parameters` must be a table or a list of tables".into()),
    };
    let constraints = form.constraints.into_iter().map(|constraint| match constraint {
        Constraint::Text(text) => json!({ "expression": text }),
        Constraint::Table(table) => table,
    });
    Ok(Document { parameters, constraints: constraints.collect(), fidelity: form.fidelity })
}

/// The JSON form of an entry of `[parameters]`.
fn named(name: String, entry: &Value) -> Result<Value, String> {
    let mut fields = match entry {
        Value::String(text) => {
            inline::domain_of(text).map_err(|error| format!("parameter {name:?}: {error}"))?
        }
        Value::Object(fields) => fields.clone(),
        other => {
            return Err(format!("parameter {name:?} must be a text or a table, not {other}"));
        }
    };
    if fields.insert("name".into(), name.clone().into()).is_some() {
        return Err(format!("parameter {name:?} has a second \"name\""));
    }
    Ok(Value::Object(fields))
}

/// The names in `[parameters]` in the order of the file.
fn order(text: &str) -> Result<Vec<String>, String> {
    let table = DeTable::parse(text).map_err(|error| error.to_string())?.into_inner();
    let parameters = table.get("parameters").and_then(|entry| entry.get_ref().as_table());
    let mut names: Vec<(usize, String)> = parameters
        .into_iter()
        .flat_map(|parameters| parameters.keys())
        .map(|key| (key.span().start, key.get_ref().to_string()))
        .collect();
    names.sort();
    Ok(names.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lists_constraints_and_fidelity_are_read() {
        let document = read(
            "constraints = [\"b <= a\", {forbidden = [{parent = \"a\", values = [1]}]}]\n\
             [fidelity]\nname = \"steps\"\nmin = 10\nmax = 90\n\
             [parameters.b]\ntype = \"int\"\nlow = 1\nhigh = 3\n\
             [parameters.a]\ntype = \"int\"\nlow = 1\nhigh = 3\n",
        )
        .unwrap();
        let names: Vec<&str> =
            document.parameters.iter().filter_map(|p| p["name"].as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(document.constraints.len(), 2);
        assert_eq!(document.fidelity, Some(Fidelity { name: "steps".into(), min: 10, max: 90 }));
        let listed = "[[parameters]]\nname = \"z\"\ntype = \"int\"\nlow = 1\nhigh = 3\n";
        assert_eq!(read(listed).unwrap().parameters[0]["name"], "z");
        assert!(read("[parameter]\n").is_err());
    }
}
