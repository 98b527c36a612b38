//! The JSON form of parameters.

use super::clause::JsonCondition;
use crate::builder::{DomainSpec, ParamBuilder};
use crate::{Choice, Domain, Param, Prior, Space, SpaceBuilder, SpaceError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

/// A parameter with the fields of all types.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonParam {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<Choice>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ordered: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<JsonCondition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prior: Option<Prior>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    default: Option<Choice>,
}

/// A literal that is there, of which null is one.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Choice>, D::Error> {
    Choice::deserialize(deserializer).map(Some)
}

impl JsonParam {
    pub(super) fn of(space: &Space, param: &Param) -> Self {
        let mut json = Self {
            name: param.name().to_owned(),
            kind: String::new(),
            low: None,
            high: None,
            log: param.domain().is_log().then_some(true),
            step: None,
            choices: None,
            ordered: None,
            condition: param.condition().map(|c| JsonCondition::of(space, &c.clauses)),
            prior: param.prior().cloned(),
            default: param.declared_default().and_then(|value| param.domain().literal(value)),
        };
        match param.domain() {
            Domain::Float(d) => {
                json.kind = "float".into();
                (json.low, json.high) = (Some(d.low().into()), Some(d.high().into()));
                json.step = d.step().map(Into::into);
            }
            Domain::Int(d) => {
                json.kind = "int".into();
                (json.low, json.high) = (Some(d.low().into()), Some(d.high().into()));
                json.step = (d.step() != 1).then(|| d.step().into());
            }
            Domain::Categorical(d) => {
                json.kind = "categorical".into();
                json.choices = Some(d.choices().to_vec());
                json.ordered = d.ordered().then_some(true);
            }
        }
        json
    }

    /// Adds the parameter to a space.
    pub(super) fn add(self, builder: &mut SpaceBuilder) -> Result<(), SpaceError> {
        let domain = self
            .domain()
            .map_err(|reason| SpaceError::Definition { name: self.name.clone(), reason })?;
        let clauses = self.condition.map_or_else(Vec::new, JsonCondition::into_clauses);
        let clauses = clauses.into_iter().map(|clause| clause.spec(builder, &self.name));
        let clauses = clauses.collect::<Result<_, _>>()?;
        ParamBuilder::<f64>::new(builder, &self.name, domain)
            .with(self.log == Some(true), self.prior, self.default, clauses)
            .add()
            .map(drop)
    }

    /// The domain; an explanation for missing fields, fields of another type or wrong values.
    fn domain(&self) -> Result<DomainSpec, String> {
        let step = self.step.is_some();
        match self.kind.as_str() {
            "float" => {
                self.refuse(&[
                    ("choices", self.choices.is_some()),
                    ("ordered", self.ordered.is_some()),
                ])?;
                Ok(DomainSpec::Float {
                    low: number("low", &self.low)?,
                    high: number("high", &self.high)?,
                    step: step.then(|| number("step", &self.step)).transpose()?,
                })
            }
            "int" => {
                self.refuse(&[
                    ("choices", self.choices.is_some()),
                    ("ordered", self.ordered.is_some()),
                ])?;
                Ok(DomainSpec::Int {
                    low: integer("low", &self.low)?,
                    high: integer("high", &self.high)?,
                    step: if step { integer("step", &self.step)? } else { 1 },
                })
            }
            "categorical" | "ordinal" => {
                self.refuse(&[
                    ("low", self.low.is_some()),
                    ("high", self.high.is_some()),
                    ("step", step),
                    ("log", self.log == Some(true)),
                ])?;
                Ok(DomainSpec::Categorical {
                    choices: self.choices.clone().ok_or("needs \"choices\"")?,
                    ordered: self.kind == "ordinal" || self.ordered == Some(true),
                })
            }
            other => Err(format!("unknown type {other:?}: float, int, categorical or ordinal")),
        }
    }

    /// Refuses fields of other types, given as pairs of name and presence.
    fn refuse(&self, fields: &[(&str, bool)]) -> Result<(), String> {
        match fields.iter().find(|(_, present)| *present) {
            None => Ok(()),
            Some((field, _)) => {
                Err(format!("{field:?} does not belong to a parameter of type {:?}", self.kind))
            }
        }
    }
}

/// The number of a field.
fn number(field: &str, value: &Option<Json>) -> Result<f64, String> {
    let number = value.as_ref().and_then(Json::as_f64);
    number.ok_or_else(|| format!("needs a number {field:?}"))
}

/// The integer of a field; floats with an integral value count, such as `3.0`.
fn integer(field: &str, value: &Option<Json>) -> Result<i64, String> {
    let x = number(field, value)?;
    match value.as_ref().and_then(Json::as_i64) {
        Some(x) => Ok(x),
        None if x.fract() != 0.0 => Err(format!("{field:?} must be an integer, not {x}")),
        None if x.abs() < 9e15 => Ok(x as i64),
        None => Err(format!("{field:?} does not fit into 64 signed bits, or is a float: {x}")),
    }
}
