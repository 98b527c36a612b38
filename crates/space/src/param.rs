//! Parameters of a space.

use crate::{Condition, Domain, Prior, Value};

/// A named parameter with its domain, condition and prior.
///
/// # Examples
/// ```
/// use automl_space::{Space, Value};
///
/// let mut builder = Space::builder();
/// builder.int("layers", 1..=7).add()?;
/// let space = builder.build()?;
/// let layers = &space.params()[0];
/// assert_eq!(layers.name(), "layers");
/// assert_eq!(layers.default_value(), Value::Int(4));
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    name: String,
    domain: Domain,
    condition: Option<Condition>,
    prior: Option<Prior>,
    default: Option<Value>,
}

impl Param {
    pub(crate) fn new(
        name: String,
        domain: Domain,
        condition: Option<Condition>,
        prior: Option<Prior>,
    ) -> Self {
        Self { name, domain, condition, prior, default: None }
    }

    /// The parameter with a declared default in its domain.
    pub(crate) fn with_default(self, default: Option<Value>) -> Self {
        Self { default, ..self }
    }

    /// The name, unique in its space.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The set of values.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
    /// The condition under which the parameter is active; `None` if it always is.
    pub fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }
    /// The prior over the domain; `None` stands for the uniform one.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }

    /// The default that the space declares for the parameter
    /// ([`ParamBuilder::default`](crate::ParamBuilder::default)); `None` if it declares none.
    pub fn declared_default(&self) -> Option<Value> {
        self.default
    }

    /// The default: the declared one, else the mode of the prior, or without one the middle of the
    /// domain (the first choice of a nominal one).
    pub fn default_value(&self) -> Value {
        if let Some(default) = self.default {
            return default;
        }
        match (&self.prior, &self.domain) {
            (Some(prior), domain) => prior.mode(domain),
            (None, Domain::Categorical(d)) if !d.ordered() => Value::Category(0),
            (None, domain) => domain.from_unit(0.5),
        }
    }
}
