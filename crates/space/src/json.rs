//! The JSON form of spaces. Reading goes through the builder, so a document passes the same checks
//! as a program.
//!
//! A space is a list of parameters, or an object with `parameters` and `constraints`. A constraint
//! is `{"forbidden": [clauses]}` or `{"expression": "text"}`.

mod clause;
mod param;

use crate::{Constraint, Space, SpaceBuilder, SpaceError};
use clause::JsonClause;
use param::JsonParam;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

#[derive(Serialize)]
#[serde(untagged)]
enum JsonSpace {
    List(Vec<JsonParam>),
    Full { parameters: Vec<JsonParam>, constraints: Vec<JsonConstraint> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum JsonConstraint {
    Forbidden(Vec<JsonClause>),
    Expression(String),
}

impl Serialize for Space {
    /// Serializes the space in its JSON form. Custom constraints are omitted.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.params().iter().map(|param| JsonParam::of(self, param)).collect();
        let constraints = self.constraints().iter();
        let constraints: Vec<_> =
            constraints.filter_map(|constraint| JsonConstraint::of(self, constraint)).collect();
        if constraints.is_empty() {
            JsonSpace::List(parameters).serialize(serializer)
        } else {
            JsonSpace::Full { parameters, constraints }.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Space {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum, whose errors name neither parameter nor field.
        let json = Json::deserialize(deserializer)?;
        Self::from_json(&json).map_err(serde::de::Error::custom)
    }
}

impl Space {
    /// Reads a space from JSON: a list of parameters, or an object with `parameters` and
    /// `constraints`. Serialization with serde is the inverse.
    ///
    /// # Errors
    /// [`SpaceError::Form`] for a document of another form; else the errors of
    /// [`ParamBuilder::add`](crate::ParamBuilder::add), [`SpaceError::Definition`] and
    /// [`SpaceError::Constraint`], which name the parameter or the constraint.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    ///
    /// let space = Space::from_json(&serde_json::json!({
    ///     "parameters": [
    ///         {"name": "booster", "type": "categorical", "choices": ["tree", "linear"]},
    ///         {"name": "depth", "type": "int", "low": 1, "high": 12,
    ///          "condition": {"parent": "booster", "values": ["tree"]}},
    ///     ],
    ///     "constraints": [{"expression": "depth != 7"}],
    /// }))?;
    /// assert_eq!(space.size(), Some(12 + 1));
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn from_json(json: &Json) -> Result<Self, SpaceError> {
        let (parameters, constraints) = sections(json)?;
        let mut builder = Self::builder();
        for (position, json) in parameters.iter().enumerate() {
            let name = json.get("name").and_then(|n| n.as_str());
            let name = name.map_or_else(|| format!("#{position}"), str::to_owned);
            JsonParam::deserialize(json)
                .map_err(|error| SpaceError::Definition { name, reason: error.to_string() })?
                .add(&mut builder)?;
        }
        for (position, json) in constraints.iter().enumerate() {
            let name = format!("#{position}");
            JsonConstraint::deserialize(json)
                .map_err(|error| SpaceError::Constraint {
                    name: name.clone(),
                    reason: error.to_string(),
                })?
                .add(&mut builder, &name)?;
        }
        builder.build()
    }
}

/// The lists of parameters and of constraints of a document.
fn sections(json: &Json) -> Result<(&[Json], &[Json]), SpaceError> {
    let form = |reason: String| SpaceError::Form { reason };
    let map = match json {
        Json::Array(list) => return Ok((list.as_slice(), &[])),
        Json::Object(map) => map,
        _ => {
            return Err(form(
                "a space is a list of parameters, or an object with \"parameters\"".into(),
            ));
        }
    };
    if let Some(key) = map.keys().find(|k| !["parameters", "constraints"].contains(&k.as_str())) {
        return Err(form(format!("unknown field {key:?} of the space")));
    }
    let list = |key: &str, needed: bool| match map.get(key) {
        Some(Json::Array(list)) => Ok(list.as_slice()),
        None if !needed => Ok(&[][..]),
        None => Err(form(format!("a space needs a list {key:?}"))),
        Some(other) => Err(form(format!("{key:?} must be a list, not {other}"))),
    };
    Ok((list("parameters", true)?, list("constraints", false)?))
}

impl JsonConstraint {
    fn of(space: &Space, constraint: &Constraint) -> Option<Self> {
        match constraint {
            Constraint::Forbidden(clauses) => {
                let clauses = clauses.iter().map(|clause| JsonClause::of(space, clause));
                Some(Self::Forbidden(clauses.collect()))
            }
            Constraint::Expression(expression) => {
                Some(Self::Expression(expression.text().to_owned()))
            }
            Constraint::Custom { .. } => None,
        }
    }

    fn add(self, builder: &mut SpaceBuilder, name: &str) -> Result<(), SpaceError> {
        match self {
            Self::Expression(text) => builder.require(&text).map(drop),
            Self::Forbidden(clauses) => {
                let clauses = clauses.into_iter().map(|clause| clause.resolve(builder, name));
                let clauses = clauses.collect::<Result<_, _>>()?;
                builder.constraint(Constraint::Forbidden(clauses));
                Ok(())
            }
        }
    }
}
