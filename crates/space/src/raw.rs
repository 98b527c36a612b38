//! Spaces as data. Reading goes through the builder, so a file cannot bypass its checks.
//!
//! The form is a list of parameters, or an object with `parameters` and `constraints`. A constraint
//! is `{"forbidden": [clauses]}` or `{"expression": "text"}`.

use crate::builder::{Draft, ParamBuilder};
use crate::{
    Choice, Choices, Clause, Constraint, Domain, Key, Param, Prior, Space, SpaceBuilder,
    SpaceError, Test,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawSpace {
    List(Vec<RawParam>),
    Full {
        parameters: Vec<RawParam>,
        #[serde(default)]
        constraints: Vec<RawConstraint>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParam {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<Choice>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ordered: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<RawCondition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prior: Option<Prior>,
}

#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a condition is {\"parent\": .., \"values\": [..]}, or a list of those"
)]
enum RawCondition {
    One(RawClause),
    All(Vec<RawClause>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClause {
    parent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Choice>>,
    /// A missing bound is infinite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

/// What a clause asks of its parent.
enum RawTest {
    OneOf(Vec<Choice>),
    Between(f64, f64),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawConstraint {
    Forbidden(Vec<RawClause>),
    Expression(String),
}

impl Serialize for Space {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.params().iter().map(|param| RawParam::of(self, param)).collect();
        let constraints: Vec<_> = self
            .constraints()
            .iter()
            .filter_map(|constraint| match constraint {
                Constraint::Forbidden(clauses) => {
                    let forbidden = clauses.iter().map(|c| RawClause::of(self, c)).collect();
                    Some(RawConstraint::Forbidden(forbidden))
                }
                Constraint::Expression(expression) => {
                    Some(RawConstraint::Expression(expression.text().to_owned()))
                }
                Constraint::Custom { .. } => None,
            })
            .collect();
        if constraints.is_empty() {
            RawSpace::List(parameters).serialize(serializer)
        } else {
            RawSpace::Full { parameters, constraints }.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Space {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Parsed by hand rather than as an untagged enum, whose errors name nothing.
        let json = serde_json::Value::deserialize(deserializer)?;
        Self::from_json(&json).map_err(serde::de::Error::custom)
    }
}

impl Space {
    /// Reads a space from JSON: a list of parameters, or an object with `parameters` and
    /// `constraints`.
    ///
    /// # Errors
    /// A definition that is incomplete or inconsistent; the error names the parameter.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, SpaceError> {
        let bad = |name: &str, reason: String| SpaceError::Definition { name: name.into(), reason };
        let form = |reason: String| SpaceError::Form { reason };
        let (parameters, constraints) = match json {
            serde_json::Value::Array(list) => (list.as_slice(), &[][..]),
            serde_json::Value::Object(map) => {
                if let Some(key) =
                    map.keys().find(|k| !["parameters", "constraints"].contains(&k.as_str()))
                {
                    return Err(form(format!("unknown field {key:?} of the space")));
                }
                let list = |key: &str, needed: bool| match map.get(key) {
                    Some(serde_json::Value::Array(list)) => Ok(list.as_slice()),
                    None if !needed => Ok(&[][..]),
                    None => Err(form(format!("a space needs a list {key:?}"))),
                    Some(other) => Err(form(format!("{key:?} must be a list, not {other}"))),
                };
                (list("parameters", true)?, list("constraints", false)?)
            }
            _ => {
                return Err(form(
                    "a space is a list of parameters, or an object with \"parameters\"".into(),
                ));
            }
        };
        let mut builder = Self::builder();
        for (position, json) in parameters.iter().enumerate() {
            let name = json.get("name").and_then(|n| n.as_str());
            let name = name.map_or_else(|| format!("#{position}"), str::to_owned);
            let raw = RawParam::deserialize(json).map_err(|e| bad(&name, e.to_string()))?;
            raw.add(&mut builder)?;
        }
        for (position, json) in constraints.iter().enumerate() {
            let name = format!("#{position}");
            let raw = RawConstraint::deserialize(json).map_err(|e| SpaceError::Constraint {
                name: name.clone(),
                reason: e.to_string(),
            })?;
            match raw {
                RawConstraint::Expression(text) => drop(builder.require(&text)?),
                RawConstraint::Forbidden(clauses) => {
                    let clauses = clauses.into_iter().map(|clause| clause.resolve(&builder, &name));
                    let clauses = clauses.collect::<Result<_, _>>()?;
                    builder.constraint(Constraint::Forbidden(clauses));
                }
            }
        }
        builder.build()
    }
}

impl RawParam {
    fn of(space: &Space, param: &Param) -> Self {
        let mut raw = Self {
            name: param.name().to_owned(),
            kind: String::new(),
            low: None,
            high: None,
            log: param.domain().is_log().then_some(true),
            step: None,
            choices: None,
            ordered: None,
            condition: None,
            prior: param.prior().cloned(),
        };
        match param.domain() {
            Domain::Float(d) => {
                raw.kind = "float".into();
                (raw.low, raw.high) = (Some(d.low().into()), Some(d.high().into()));
                raw.step = d.step().map(Into::into);
            }
            Domain::Int(d) => {
                raw.kind = "int".into();
                (raw.low, raw.high) = (Some(d.low().into()), Some(d.high().into()));
                raw.step = (d.step() != 1).then(|| d.step().into());
            }
            Domain::Categorical(d) => {
                raw.kind = "categorical".into();
                raw.choices = Some(d.choices().to_vec());
                raw.ordered = d.ordered().then_some(true);
            }
        }
        raw.condition = param.condition().map(|condition| {
            let mut clauses: Vec<_> =
                condition.clauses.iter().map(|clause| RawClause::of(space, clause)).collect();
            match clauses.len() {
                1 => RawCondition::One(clauses.remove(0)),
                _ => RawCondition::All(clauses),
            }
        });
        raw
    }

    fn add(self, builder: &mut SpaceBuilder) -> Result<(), SpaceError> {
        let name = self.name.clone();
        let bad = |reason: String| SpaceError::Definition { name: name.clone(), reason };
        let foreign = |field: &str, present: bool| {
            if present {
                Err(bad(format!(
                    "{field:?} does not belong to a parameter of type {:?}",
                    self.kind
                )))
            } else {
                Ok(())
            }
        };
        let number = |field: &str, value: &Option<Choice>| {
            value
                .as_ref()
                .and_then(Choice::as_f64)
                .ok_or_else(|| bad(format!("needs a number {field:?}")))
        };
        let whole = |field: &str, value: &Option<Choice>| {
            let x = number(field, value)?;
            match value {
                Some(Choice::Int(x)) => Ok(*x),
                _ if x.fract() == 0.0 && x.abs() < 9e15 => Ok(x as i64),
                _ => Err(bad(format!("{field:?} must be an integer, not {x}"))),
            }
        };
        let draft = match self.kind.as_str() {
            "float" => {
                let step = self.step.as_ref().map(|_| number("step", &self.step)).transpose()?;
                Draft::Float {
                    low: number("low", &self.low)?,
                    high: number("high", &self.high)?,
                    step,
                }
            }
            "int" => {
                let step = self.step.as_ref().map(|_| whole("step", &self.step)).transpose()?;
                let (low, high) = (whole("low", &self.low)?, whole("high", &self.high)?);
                Draft::Int { low, high, step: step.unwrap_or(1) }
            }
            "categorical" | "ordinal" => {
                foreign("low", self.low.is_some())?;
                foreign("high", self.high.is_some())?;
                foreign("step", self.step.is_some())?;
                foreign("log", self.log == Some(true))?;
                let choices =
                    self.choices.clone().ok_or_else(|| bad("needs \"choices\"".into()))?;
                let ordered = self.kind == "ordinal" || self.ordered == Some(true);
                Draft::Categorical { choices, ordered }
            }
            other => return Err(bad(format!("unknown type {other:?}: float, int or categorical"))),
        };
        if !matches!(draft, Draft::Categorical { .. }) {
            foreign("choices", self.choices.is_some())?;
            foreign("ordered", self.ordered.is_some())?;
        }
        let clauses = match self.condition {
            None => Vec::new(),
            Some(RawCondition::One(clause)) => vec![clause],
            Some(RawCondition::All(clauses)) => clauses,
        };
        let parents = clauses
            .iter()
            .map(|clause| clause.index(builder, &name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut param = ParamBuilder::<f64>::new(builder, &name, draft);
        if self.log == Some(true) {
            param = param.log();
        }
        if let Some(prior) = self.prior {
            param = param.prior(prior);
        }
        for (clause, parent) in clauses.into_iter().zip(parents) {
            let parent = Key::<f64>::new(parent);
            let reason = |reason| SpaceError::Definition { name: name.clone(), reason };
            param = match clause.wish().map_err(reason)? {
                RawTest::OneOf(values) => param.when(parent, Choices(values)),
                RawTest::Between(low, high) => param.when_between(parent, low, high),
            };
        }
        param.add().map(drop)
    }
}

impl RawClause {
    fn of(space: &Space, clause: &Clause) -> Self {
        let parent = &space.params()[clause.parent];
        let mut raw =
            Self { parent: parent.name().to_owned(), values: None, low: None, high: None };
        match &clause.test {
            Test::OneOf(values) => {
                let literals = values.iter().filter_map(|v| parent.domain().literal(*v));
                raw.values = Some(literals.collect());
            }
            Test::Between(low, high) => {
                raw.low = low.is_finite().then_some(*low);
                raw.high = high.is_finite().then_some(*high);
            }
        }
        raw
    }

    /// The values or the range; the words that refuse a clause with both or neither.
    fn wish(self) -> Result<RawTest, String> {
        let parent = &self.parent;
        match (self.values, self.low, self.high) {
            (Some(values), None, None) => Ok(RawTest::OneOf(values)),
            (Some(_), ..) => Err(format!(
                "a condition on {parent:?} has \"values\" or \"low\" and \"high\", not both"
            )),
            (None, None, None) => {
                Err(format!("a condition on {parent:?} needs \"values\", or \"low\" or \"high\""))
            }
            (None, low, high) => Ok(RawTest::Between(
                low.unwrap_or(f64::NEG_INFINITY),
                high.unwrap_or(f64::INFINITY),
            )),
        }
    }

    fn index(&self, builder: &SpaceBuilder, child: &str) -> Result<usize, SpaceError> {
        builder.index_of(&self.parent).ok_or_else(|| SpaceError::UnknownParent {
            name: child.to_owned(),
            parent: self.parent.clone(),
        })
    }

    /// The clause of a constraint.
    fn resolve(self, builder: &SpaceBuilder, name: &str) -> Result<Clause, SpaceError> {
        let bad = |reason: String| SpaceError::Constraint { name: name.to_owned(), reason };
        let found = builder.index_of(&self.parent);
        let (parent, param) = found
            .and_then(|index| Some((index, builder.param(index)?)))
            .ok_or_else(|| bad(format!("there is no parameter {:?}", self.parent)))?;
        let test = match self.wish().map_err(bad)? {
            RawTest::Between(..) if !param.domain().is_ordered() => {
                return Err(bad(format!("the choices of {:?} have no order", param.name())));
            }
            RawTest::Between(low, high) => Test::Between(low, high),
            RawTest::OneOf(values) => Test::OneOf(
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
        Ok(Clause { parent, test })
    }
}
