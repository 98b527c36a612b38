//! The space itself: parameters in order, activity, and checks of configurations.

use crate::{
    Choice, Condition, Config, Constraint, Domain, DomainError, Key, Prior, PriorError,
    SpaceBuilder, Value,
};
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;

/// Why a space was refused. Every variant names the offending parameter.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SpaceError {
    /// A space without a parameter.
    #[error("a space needs at least one parameter")]
    NoParameters,
    /// A parameter without a name.
    #[error("a parameter's name must not be empty")]
    EmptyName,
    /// Two parameters of one name.
    #[error("the parameter {name:?} stands twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A domain that holds no value or makes no sense.
    #[error("parameter {name:?}: {source}")]
    Domain {
        /// The parameter.
        name: String,
        /// What is wrong.
        source: DomainError,
    },
    /// A prior that does not fit its domain.
    #[error("parameter {name:?}: {source}")]
    Prior {
        /// The parameter.
        name: String,
        /// What is wrong.
        source: PriorError,
    },
    /// A condition on a parameter that does not stand before the child.
    #[error("parameter {name:?} depends on {parent:?}, which does not stand before it")]
    UnknownParent {
        /// The child.
        name: String,
        /// The parent.
        parent: String,
    },
    /// A condition on a value that the parent cannot have.
    #[error(
        "parameter {name:?} depends on {parent:?} having the value {value}, which it cannot have"
    )]
    ConditionValue {
        /// The child.
        name: String,
        /// The parent.
        parent: String,
        /// The value.
        value: Choice,
    },
    /// A condition without any value.
    #[error("parameter {name:?} has a condition without values")]
    ConditionEmpty {
        /// The child.
        name: String,
    },
    /// A condition on a range of a parent whose choices have no order.
    #[error("parameter {name:?} has a condition on a range of {parent:?}, which has no order")]
    ConditionOrder {
        /// The child.
        name: String,
        /// The parent.
        parent: String,
    },
    /// A condition on a range that is empty or has no end.
    #[error("parameter {name:?} has a condition on the empty or endless range {low} to {high}")]
    ConditionRange {
        /// The child.
        name: String,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// What was read is not a space at all.
    #[error("{reason}")]
    Form {
        /// What is wrong.
        reason: String,
    },
    /// A definition of an unknown type or with fields that do not belong to its type.
    #[error("parameter {name:?}: {reason}")]
    Definition {
        /// The parameter.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A constraint that cannot be read or names an unknown parameter.
    #[error("constraint {name:?}: {reason}")]
    Constraint {
        /// The constraint.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// Why a configuration does not belong to a space.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A configuration of another space.
    #[error("the configuration has {found} parameters, the space {expected}")]
    Length {
        /// The number of parameters of the configuration.
        found: usize,
        /// The number of parameters of the space.
        expected: usize,
    },
    /// An active parameter has no value.
    #[error("parameter {name:?} is active but has no value")]
    Missing {
        /// The parameter.
        name: String,
    },
    /// An inactive parameter has a value.
    #[error("parameter {name:?} is inactive but has a value")]
    Inactive {
        /// The parameter.
        name: String,
    },
    /// A value outside its domain.
    #[error("parameter {name:?} cannot have the value {value}")]
    Outside {
        /// The parameter.
        name: String,
        /// The value as it was given.
        value: String,
    },
    /// A name that no parameter has.
    #[error("there is no parameter {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
}

/// One named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    name: String,
    domain: Domain,
    condition: Option<Condition>,
    prior: Option<Prior>,
}

impl Param {
    pub(crate) fn new(
        name: String,
        domain: Domain,
        condition: Option<Condition>,
        prior: Option<Prior>,
    ) -> Self {
        Self { name, domain, condition, prior }
    }

    /// The name, unique in its space.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The values it may have.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
    /// When it is active; always, if there is no condition.
    pub fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }
    /// The user's belief.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) params: Vec<Param>,
    pub(crate) constraints: Vec<Constraint>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    index: HashMap<String, usize>,
}

/// What may be chosen: named parameters with domains, conditions, priors and constraints.
///
/// Immutable and cheap to clone. Parents stand before their children, so one pass in order
/// decides which parameters are active.
#[derive(Clone, Debug)]
pub struct Space(Arc<Inner>);

impl PartialEq for Space {
    /// Whether the parameters (names, domains, conditions, priors) and the constraints are the same.
    fn eq(&self, other: &Self) -> bool {
        self.params() == other.params() && self.constraints() == other.constraints()
    }
}

impl Space {
    /// Starts a space.
    pub fn builder() -> SpaceBuilder {
        SpaceBuilder::default()
    }

    pub(crate) fn assemble(parts: Parts) -> Result<Self, SpaceError> {
        if parts.params.is_empty() {
            return Err(SpaceError::NoParameters);
        }
        let index = parts.params.iter().enumerate().map(|(i, p)| (p.name.clone(), i)).collect();
        Ok(Self(Arc::new(Inner { parts, index })))
    }

    /// The same space with one more constraint.
    pub fn with_constraint(&self, constraint: Constraint) -> Self {
        let mut parts = self.0.parts.clone();
        parts.constraints.push(constraint);
        Self(Arc::new(Inner { parts, index: self.0.index.clone() }))
    }

    /// The parameters; a parent stands before its children.
    pub fn params(&self) -> &[Param] {
        &self.0.parts.params
    }

    /// The constraints that are judged before any evaluation.
    pub fn constraints(&self) -> &[Constraint] {
        &self.0.parts.constraints
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.params().len()
    }

    /// Never: a space holds at least one parameter.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Whether some parameter is active only under a condition.
    pub fn is_conditional(&self) -> bool {
        self.params().iter().any(|param| param.condition.is_some())
    }

    /// The index of the parameter of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.0.index.get(name).copied()
    }

    /// The typed key of a float parameter.
    pub fn float_key(&self, name: &str) -> Option<Key<f64>> {
        let index = self.index_of(name)?;
        matches!(self.params()[index].domain, Domain::Float(_)).then(|| Key::new(index))
    }

    /// The typed key of an integer parameter.
    pub fn int_key(&self, name: &str) -> Option<Key<i64>> {
        let index = self.index_of(name)?;
        matches!(self.params()[index].domain, Domain::Int(_)).then(|| Key::new(index))
    }

    /// The typed key of a categorical or ordinal parameter.
    pub fn choice_key(&self, name: &str) -> Option<Key<usize>> {
        let index = self.index_of(name)?;
        matches!(self.params()[index].domain, Domain::Categorical(_)).then(|| Key::new(index))
    }

    /// Whether the parameter is active, given the values of those before it.
    pub fn is_active(&self, index: usize, config: &Config) -> bool {
        self.params()
            .get(index)
            .is_some_and(|param| param.condition.as_ref().is_none_or(|c| c.holds(config)))
    }

    /// A configuration, filled in order: `choose` gives the value of each active parameter.
    pub fn build_config(&self, choose: impl FnMut(usize, &Param) -> Value) -> Config {
        let mut config = Config::empty(self.len());
        self.fill_config(&mut config, choose);
        config
    }

    /// [`Space::build_config`] into the memory of an earlier configuration of this space.
    pub fn fill_config(&self, config: &mut Config, mut choose: impl FnMut(usize, &Param) -> Value) {
        for (index, param) in self.params().iter().enumerate() {
            let value = self.is_active(index, config).then(|| choose(index, param));
            config.set(index, value);
        }
    }

    /// Checks that exactly the active parameters have values, and that these lie in their domains.
    ///
    /// # Errors
    /// The first parameter that is wrong.
    pub fn check(&self, config: &Config) -> Result<(), ConfigError> {
        if config.len() != self.len() {
            return Err(ConfigError::Length { found: config.len(), expected: self.len() });
        }
        for (index, param) in self.params().iter().enumerate() {
            let name = || param.name.clone();
            match (config.value(index), self.is_active(index, config)) {
                (None, true) => return Err(ConfigError::Missing { name: name() }),
                (Some(_), false) => return Err(ConfigError::Inactive { name: name() }),
                (Some(value), true) if !param.domain.contains(value) => {
                    let value = value.as_f64().to_string();
                    return Err(ConfigError::Outside { name: name(), value });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The canonical form: values snapped to their domains, inactive ones removed, missing ones
    /// filled with the prior's mode or the middle of the domain.
    pub fn canonical(&self, config: &Config) -> Config {
        self.build_config(|index, param| {
            let given = config.value(index).and_then(|value| match (&param.domain, value) {
                (Domain::Categorical(_), value) => param.domain.contains(value).then_some(value),
                (domain, Value::Float(_) | Value::Int(_)) => domain.nearest(value.as_f64()),
                _ => None,
            });
            given.unwrap_or_else(|| param.default_value())
        })
    }

    /// The choice of a categorical parameter as a string; `None` while inactive or no string.
    pub fn choice<'a>(&'a self, config: &Config, key: Key<usize>) -> Option<&'a str> {
        let Domain::Categorical(domain) = &self.params().get(key.index())?.domain else {
            return None;
        };
        domain.choices().get(config.get(key)?)?.as_str()
    }

    /// The literal behind a parameter's value; `None` while inactive.
    pub fn literal(&self, config: &Config, index: usize) -> Option<Choice> {
        self.params().get(index)?.domain.literal(config.value(index)?)
    }

    /// The active parameters as name and literal, in the order of the space.
    pub fn describe<'a>(
        &'a self,
        config: &'a Config,
    ) -> impl Iterator<Item = (&'a str, Choice)> + 'a {
        self.params().iter().enumerate().filter_map(move |(index, param)| {
            Some((param.name.as_str(), param.domain.literal(config.value(index)?)?))
        })
    }

    /// The configuration that gives these literals to these names.
    ///
    /// # Errors
    /// An unknown name, a value outside its domain, or a set of names that is not exactly the set
    /// of active parameters.
    pub fn config<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, Choice)>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::empty(self.len());
        for (name, literal) in values {
            let Some(index) = self.index_of(name) else {
                return Err(ConfigError::Unknown { name: name.to_owned() });
            };
            let Some(value) = self.params()[index].domain.value_of(&literal) else {
                let value = literal.to_string();
                return Err(ConfigError::Outside { name: name.to_owned(), value });
            };
            config.set(index, Some(value));
        }
        self.check(&config)?;
        Ok(config)
    }

    /// How far a configuration violates the constraints: the sum of the positive violations, zero
    /// exactly where it is allowed. NaN counts as an infinite violation.
    pub fn violation(&self, config: &Config) -> f64 {
        self.constraints().iter().map(|constraint| constraint.violation(self, config)).sum()
    }

    /// Whether every constraint allows the configuration.
    pub fn allows(&self, config: &Config) -> bool {
        self.violation(config) <= 0.0
    }
}

impl Param {
    /// The prior's mode, or the middle of the domain (the first choice of a categorical one).
    pub fn default_value(&self) -> Value {
        match (&self.prior, &self.domain) {
            (Some(prior), domain) => prior.mode(domain),
            (None, Domain::Categorical(d)) if !d.ordered() => Value::Category(0),
            (None, domain) => domain.from_unit(0.5),
        }
    }
}
