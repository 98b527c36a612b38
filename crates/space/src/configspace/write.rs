//! Writing.

mod forbidden;

use crate::{Choice, Clause, Config, Domain, Param, Predicate, Prior, Space, SpaceError, Value};
use automl_numeric::stream;
use serde_json::{Value as Json, json};

/// The largest number of grid points that are written as an ordinal.
const MAX_STEPS: u128 = 1000;

impl Space {
    /// Writes the space in the form that ConfigSpace's `from_json` reads. A grid becomes an ordinal,
    /// because ConfigSpace has no steps, and a number with one value a constant.
    ///
    /// # Errors
    /// - [`SpaceError::Constraint`]: custom constraints, and expressions with arithmetic.
    /// - [`SpaceError::Definition`]: grids with a prior or of more than 1,000 points.
    pub fn to_configspace(&self) -> Result<Json, SpaceError> {
        // ConfigSpace refuses a default that is forbidden.
        let mut default = self.canonical(&Config::empty(self.len()));
        if !self.allows(&default) {
            default = self.sample(&mut stream(0, 0, "configspace"));
        }
        let mut parameters = Vec::new();
        let mut conditions = Vec::new();
        for (index, param) in self.params().iter().enumerate() {
            let value = default.value(index).unwrap_or_else(|| param.default_value());
            parameters.push(parameter(param, value)?);
            let clauses = param.condition().map_or(&[][..], |condition| &condition.clauses);
            let mut parts = Vec::new();
            for clause in clauses {
                parts.extend(self.condition(param, clause));
            }
            match parts.len() {
                0 => {}
                1 => conditions.push(parts.remove(0)),
                _ => {
                    conditions
                        .push(json!({ "type": "AND", "child": param.name(), "conditions": parts }));
                }
            }
        }
        let mut forbiddens = Vec::new();
        for constraint in self.constraints() {
            forbiddens.extend(self.forbidden(constraint)?);
        }
        Ok(json!({
            "name": null,
            "hyperparameters": parameters,
            "conditions": conditions,
            "forbiddens": forbiddens,
            "python_module_version": "1.2.0",
            "format_version": 0.4,
        }))
    }

    /// The conditions that express a clause; none where it always holds.
    fn condition(&self, child: &Param, clause: &Clause) -> Vec<Json> {
        let parent = &self.params()[clause.parent];
        let values = match &clause.predicate {
            Predicate::OneOf(values) => literals(parent, values.iter().copied()),
            Predicate::Between(..) if is_listed(parent) => {
                let n = parent.domain().cardinality().unwrap_or(0);
                let all = (0..n).map(|k| parent.domain().nth(k));
                literals(parent, all.filter(|value| clause.predicate.holds(*value)))
            }
            &Predicate::Between(low, high) => {
                let (first, last) = match parent.domain() {
                    Domain::Float(d) => (d.low(), d.high()),
                    Domain::Int(d) => (d.low() as f64, d.high() as f64),
                    Domain::Categorical(_) => (f64::NEG_INFINITY, f64::INFINITY),
                };
                let whole = matches!(parent.domain(), Domain::Int(_));
                let (below, above) = if whole {
                    let (low, high) = (low.ceil() as i64, high.floor() as i64);
                    (json!(low.saturating_sub(1)), json!(high.saturating_add(1)))
                } else {
                    (json!(low.next_down()), json!(high.next_up()))
                };
                let part = |kind: &str, value: Json| {
                    json!({ "type": kind, "child": child.name(), "parent": parent.name(),
                            "value": value })
                };
                let mut parts = Vec::new();
                if low > first {
                    parts.push(part("GT", below));
                }
                if high < last {
                    parts.push(part("LT", above));
                }
                return parts;
            }
        };
        let (child, parent) = (child.name(), parent.name());
        vec![match values.as_slice() {
            [value] => json!({ "type": "EQ", "child": child, "parent": parent, "value": value }),
            _ => json!({ "type": "IN", "child": child, "parent": parent, "values": values }),
        }]
    }
}

/// Whether a parameter is written as a list of its values.
fn is_listed(param: &Param) -> bool {
    match param.domain() {
        domain if domain.cardinality() == Some(1) => true,
        Domain::Float(d) => d.step().is_some(),
        Domain::Int(d) => d.step() != 1,
        Domain::Categorical(_) => true,
    }
}

fn literals(param: &Param, values: impl Iterator<Item = Value>) -> Vec<Json> {
    values.filter_map(|value| param.domain().literal(value)).map(|choice| json!(choice)).collect()
}

fn parameter(param: &Param, default: Value) -> Result<Json, SpaceError> {
    let (name, domain) = (param.name(), param.domain());
    let refused =
        |reason: &str| SpaceError::Definition { name: name.to_owned(), reason: reason.to_owned() };
    let default = domain.literal(default).unwrap_or(Choice::Null);
    if domain.cardinality() == Some(1) && !matches!(domain, Domain::Categorical(_)) {
        return Ok(json!({ "type": "constant", "name": name, "value": default, "meta": null }));
    }
    if is_listed(param) {
        let n = domain.cardinality().filter(|n| *n <= MAX_STEPS || !domain.is_ordered());
        let n = n.ok_or_else(|| refused("ConfigSpace has no steps, and the list is too long"))?;
        let values = literals(param, (0..n).map(|k| domain.nth(k)));
        return match (param.prior(), domain.is_ordered()) {
            (None, true) => Ok(json!({ "type": "ordinal", "name": name, "sequence": values,
                                       "default_value": default, "meta": null })),
            (Some(_), true) => Err(refused("ConfigSpace has no prior on ordered choices")),
            (prior, false) => {
                let weights = match prior {
                    Some(Prior::Weights { weights }) => Some(weights),
                    _ => None,
                };
                Ok(json!({ "type": "categorical", "name": name, "choices": values,
                           "weights": weights, "default_value": default, "meta": null }))
            }
        };
    }
    let (kind, low, high) = match domain {
        Domain::Int(d) => ("int", json!(d.low()), json!(d.high())),
        Domain::Float(d) => ("float", json!(d.low()), json!(d.high())),
        Domain::Categorical(_) => return Err(refused("it is not a number")),
    };
    let mut json = json!({ "type": format!("uniform_{kind}"), "name": name, "lower": low,
                           "upper": high, "default_value": default, "log": domain.is_log(),
                           "meta": null });
    if let Some(&Prior::Normal { mean, sd }) = param.prior() {
        let (mu, sigma) = if domain.is_log() { (mean.exp(), sd.exp()) } else { (mean, sd) };
        json["type"] = format!("normal_{kind}").into();
        json["mu"] = mu.into();
        json["sigma"] = sigma.into();
    }
    Ok(json)
}
