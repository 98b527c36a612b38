//! Reading: a translation of ConfigSpace's form into the JSON form of this crate.

mod condition;
mod forbidden;
mod range;

use crate::{Space, SpaceError};
use serde_json::{Map, Value as Json, json};

impl Space {
    /// Reads a space from the output of ConfigSpace's `to_json` (format 0.4).
    ///
    /// # Errors
    /// [`SpaceError::Form`] for another document; [`SpaceError::Definition`] and
    /// [`SpaceError::Constraint`] for definitions that are incomplete or have no counterpart, such
    /// as beta distributions.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    ///
    /// let space = Space::from_configspace(&serde_json::json!({
    ///     "hyperparameters": [
    ///         {"type": "uniform_int", "name": "depth", "lower": 1, "upper": 12, "log": false},
    ///     ],
    /// }))?;
    /// assert_eq!(space.size(), Some(12));
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn from_configspace(json: &Json) -> Result<Self, SpaceError> {
        let lists =
            ["hyperparameters", "conditions", "forbiddens"].map(|key| match json.get(key) {
                Some(Json::Array(list)) => Ok(list.as_slice()),
                None if key != "hyperparameters" => Ok(&[][..]),
                _ => Err(SpaceError::Form {
                    reason: format!("ConfigSpace's form has a list {key:?}"),
                }),
            });
        let [parameters, conditions, forbiddens] = lists;
        let mut reader = Reader { originals: parameters?, parameters: Vec::new() };
        for original in reader.originals {
            reader.parameters.push(parameter(original)?);
        }
        for condition in conditions? {
            reader.condition(condition)?;
        }
        reader.parents_first()?;
        let mut constraints = Vec::new();
        for (position, json) in forbiddens?.iter().enumerate() {
            constraints.extend(reader.forbidden(position, json)?);
        }
        let parameters = reader.parameters.into_iter().map(Json::Object).collect::<Vec<_>>();
        Self::from_json(&json!({ "parameters": parameters, "constraints": constraints }))
    }
}

fn refused(name: &str, reason: impl Into<String>) -> SpaceError {
    SpaceError::Definition { name: name.to_owned(), reason: reason.into() }
}

fn text<'a>(json: &'a Json, key: &str, name: &str) -> Result<&'a str, SpaceError> {
    let missing = || refused(name, format!("ConfigSpace's form has a text {key:?}"));
    json.get(key).and_then(Json::as_str).ok_or_else(missing)
}

/// Translates a parameter without its condition.
fn parameter(json: &Json) -> Result<Map<String, Json>, SpaceError> {
    let name = text(json, "name", "")?;
    let kind = text(json, "type", name)?;
    let mut ours = Map::new();
    ours.insert("name".into(), name.into());
    let mut copy = |from: &str, to: &str| {
        if let Some(value) = json.get(from).filter(|value| !value.is_null()) {
            ours.insert(to.into(), value.clone());
        }
    };
    let (family, number) = kind.split_once('_').unwrap_or((kind, ""));
    let kind = match (family, number) {
        ("uniform" | "normal", "float" | "int") => {
            for (from, to) in [("lower", "low"), ("upper", "high"), ("q", "step"), ("log", "log")] {
                copy(from, to);
            }
            number
        }
        ("categorical", _) => {
            copy("choices", "choices");
            "categorical"
        }
        ("ordinal", _) => {
            copy("sequence", "choices");
            "ordinal"
        }
        ("constant", _) => {
            ours.insert("choices".into(), json!([json.get("value")]));
            "categorical"
        }
        _ => {
            let reason = format!("ConfigSpace's type {kind:?} has no counterpart");
            return Err(refused(name, reason));
        }
    };
    ours.insert("type".into(), kind.into());
    if let (true, Some(weights)) = (json["weights"].is_array(), json.get("weights")) {
        ours.insert("prior".into(), json!({ "weights": weights }));
    }
    if family == "normal" {
        let number = |key: &str| {
            let missing = || refused(name, format!("a normal parameter needs a number {key:?}"));
            json[key].as_f64().ok_or_else(missing)
        };
        let (mut mean, mut sd) = (number("mu")?, number("sigma")?);
        // On a log scale both are given as values: the median and the factor of one deviation.
        if json["log"] == true {
            (mean, sd) = (mean.ln(), sd.ln());
        }
        ours.insert("prior".into(), json!({ "mean": mean, "sd": sd }));
    }
    Ok(ours)
}

/// A translation in progress.
struct Reader<'a> {
    originals: &'a [Json],
    parameters: Vec<Map<String, Json>>,
}

impl Reader<'_> {
    /// The original of a parameter.
    fn original(&self, name: &str) -> Option<&Json> {
        self.originals.iter().find(|json| json["name"] == name)
    }

    /// Whether a parameter has integers for values.
    fn is_whole(&self, name: &str) -> bool {
        let kind = self.original(name).and_then(|json| json["type"].as_str());
        kind.is_some_and(|kind| kind.ends_with("_int"))
    }

    /// The values of a finite parameter, in order.
    fn values(&self, name: &str) -> Option<Vec<Json>> {
        let original = self.original(name)?;
        for key in ["choices", "sequence"] {
            if let Some(Json::Array(list)) = original.get(key) {
                return Some(list.clone());
            }
        }
        match (original["type"].as_str()?, &original["value"]) {
            ("constant", value) => Some(vec![value.clone()]),
            (kind, _) if kind.ends_with("_int") => {
                let (low, high) = (original["lower"].as_i64()?, original["upper"].as_i64()?);
                (high.checked_sub(low)? < 1000).then(|| (low..=high).map(Json::from).collect())
            }
            _ => None,
        }
    }

    /// Sorts parents before their children; a stable topological sort.
    fn parents_first(&mut self) -> Result<(), SpaceError> {
        let mut sorted: Vec<Map<String, Json>> = Vec::with_capacity(self.parameters.len());
        while !self.parameters.is_empty() {
            let is_sorted = |parent: &Json| sorted.iter().any(|ours| ours["name"] == *parent);
            let ready = |ours: &Map<String, Json>| match ours.get("condition") {
                Some(Json::Array(clauses)) => clauses.iter().all(|c| is_sorted(&c["parent"])),
                _ => true,
            };
            let Some(at) = self.parameters.iter().position(ready) else {
                let name = self.parameters[0]["name"].as_str().unwrap_or_default();
                return Err(refused(
                    name,
                    "its conditions name unknown parameters or form a cycle",
                ));
            };
            sorted.push(self.parameters.remove(at));
        }
        self.parameters = sorted;
        Ok(())
    }
}
