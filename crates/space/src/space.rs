//! Search spaces: parameters in order, their activity, and checks of configurations.

use crate::{
    Choice, Config, ConfigError, Constraint, Domain, Key, Param, SpaceBuilder, SpaceError, Value,
};
use std::collections::HashMap;
use std::sync::Arc;

/// The definition that a [`Space`] shares between its clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Definition {
    pub(crate) params: Vec<Param>,
    pub(crate) constraints: Vec<Constraint>,
}

#[derive(Debug)]
struct Inner {
    definition: Definition,
    index: HashMap<String, usize>,
}

/// A search space: an ordered list of named parameters with domains, conditions and priors, and the
/// constraints between them.
///
/// Immutable and cheap to clone (the definition is shared). Parents precede their children, so one
/// pass in order determines which parameters are active.
///
/// # Examples
/// ```
/// use automl_space::Space;
///
/// let mut builder = Space::builder();
/// builder.int("depth", 1..=4).add()?;
/// builder.int("width", 8..=64).step(8).add()?;
/// builder.require("depth * width <= 128")?;
/// let space = builder.build()?;
/// assert_eq!(space.size(), Some(4 * 8));
/// let small = space.config([("depth", 2.into()), ("width", 64.into())]).expect("both are valid");
/// assert!(space.allows(&small));
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Space(Arc<Inner>);

impl PartialEq for Space {
    /// Compares the parameters (names, domains, conditions, priors) and the constraints.
    fn eq(&self, other: &Self) -> bool {
        self.params() == other.params() && self.constraints() == other.constraints()
    }
}

impl Space {
    /// Creates an empty builder.
    pub fn builder() -> SpaceBuilder {
        SpaceBuilder::default()
    }

    pub(crate) fn new(definition: Definition) -> Result<Self, SpaceError> {
        if definition.params.is_empty() {
            return Err(SpaceError::NoParameters);
        }
        let index =
            definition.params.iter().enumerate().map(|(i, p)| (p.name().to_owned(), i)).collect();
        Ok(Self(Arc::new(Inner { definition, index })))
    }

    /// Returns a copy of the space with one more constraint.
    pub fn with_constraint(&self, constraint: Constraint) -> Self {
        let mut definition = self.0.definition.clone();
        definition.constraints.push(constraint);
        Self(Arc::new(Inner { definition, index: self.0.index.clone() }))
    }

    /// The parameters; a parent precedes its children.
    pub fn params(&self) -> &[Param] {
        &self.0.definition.params
    }

    /// The constraints, which are checked before any evaluation.
    pub fn constraints(&self) -> &[Constraint] {
        &self.0.definition.constraints
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.params().len()
    }

    /// Always `false`: a space has at least one parameter.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Whether some parameter has a condition.
    pub fn is_conditional(&self) -> bool {
        self.params().iter().any(|param| param.condition().is_some())
    }

    /// The index of the parameter of this name; `None` if there is none.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.0.index.get(name).copied()
    }

    /// The typed key of a float parameter; `None` for an unknown name or another kind.
    pub fn float_key(&self, name: &str) -> Option<Key<f64>> {
        let index = self.index_of(name)?;
        matches!(self.params()[index].domain(), Domain::Float(_)).then(|| Key::new(index))
    }

    /// The typed key of an integer parameter; `None` for an unknown name or another kind.
    pub fn int_key(&self, name: &str) -> Option<Key<i64>> {
        let index = self.index_of(name)?;
        matches!(self.params()[index].domain(), Domain::Int(_)).then(|| Key::new(index))
    }

    /// The typed key of a categorical parameter; `None` for an unknown name or another kind.
    pub fn choice_key(&self, name: &str) -> Option<Key<usize>> {
        let index = self.index_of(name)?;
        matches!(self.params()[index].domain(), Domain::Categorical(_)).then(|| Key::new(index))
    }

    /// Whether the parameter at `index` is active, given the values of the parameters before it.
    pub fn is_active(&self, index: usize, config: &Config) -> bool {
        self.params()
            .get(index)
            .is_some_and(|param| param.condition().is_none_or(|c| c.holds(config)))
    }

    /// Builds a configuration in the order of the space: `choose` returns the value of each active
    /// parameter, given its index.
    ///
    /// # Examples
    /// ```
    /// # use automl_space::Space;
    /// # let mut builder = Space::builder();
    /// # builder.int("layers", 1..=7).add()?;
    /// # let space = builder.build()?;
    /// let default = space.build_config(|_, param| param.default_value());
    /// assert_eq!(space.check(&default), Ok(()));
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn build_config(&self, choose: impl FnMut(usize, &Param) -> Value) -> Config {
        let mut config = Config::empty(self.len());
        self.fill_config(&mut config, choose);
        config
    }

    /// As [`Space::build_config`], reusing the allocation of a configuration of this space.
    pub fn fill_config(&self, config: &mut Config, mut choose: impl FnMut(usize, &Param) -> Value) {
        for (index, param) in self.params().iter().enumerate() {
            let value = self.is_active(index, config).then(|| choose(index, param));
            config.set(index, value);
        }
    }

    /// Checks that exactly the active parameters have values, each in its domain. Constraints are
    /// not checked, see [`Space::allows`].
    ///
    /// # Errors
    /// [`ConfigError::Length`], [`Missing`](ConfigError::Missing),
    /// [`Inactive`](ConfigError::Inactive) or [`Outside`](ConfigError::Outside) for the first
    /// offending parameter.
    pub fn check(&self, config: &Config) -> Result<(), ConfigError> {
        if config.len() != self.len() {
            return Err(ConfigError::Length { found: config.len(), expected: self.len() });
        }
        for (index, param) in self.params().iter().enumerate() {
            let name = || param.name().to_owned();
            match (config.value(index), self.is_active(index, config)) {
                (None, true) => return Err(ConfigError::Missing { name: name() }),
                (Some(_), false) => return Err(ConfigError::Inactive { name: name() }),
                (Some(value), true) if !param.domain().contains(value) => {
                    let value = value.as_f64().to_string();
                    return Err(ConfigError::Outside { name: name(), value });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The canonical form: values snapped to their domains, those of inactive parameters removed,
    /// missing ones replaced by [`Param::default_value`].
    pub fn canonical(&self, config: &Config) -> Config {
        self.build_config(|index, param| {
            let given = config.value(index).and_then(|value| match (param.domain(), value) {
                (Domain::Categorical(_), value) => param.domain().contains(value).then_some(value),
                (domain, Value::Float(_) | Value::Int(_)) => domain.nearest(value.as_f64()),
                _ => None,
            });
            given.unwrap_or_else(|| param.default_value())
        })
    }

    /// The choice of a categorical parameter as a string; `None` if the parameter is inactive or the
    /// choice is not a string.
    pub fn choice<'a>(&'a self, config: &Config, key: Key<usize>) -> Option<&'a str> {
        let Domain::Categorical(domain) = self.params().get(key.index())?.domain() else {
            return None;
        };
        domain.choices().get(config.get(key)?)?.as_str()
    }

    /// The literal of the value at `index`; `None` if the parameter is inactive.
    pub fn literal(&self, config: &Config, index: usize) -> Option<Choice> {
        self.params().get(index)?.domain().literal(config.value(index)?)
    }

    /// The active parameters as pairs of name and literal, in the order of the space; the inverse of
    /// [`Space::config`].
    ///
    /// # Examples
    /// ```
    /// # use automl_space::{Choice, Space};
    /// # let mut builder = Space::builder();
    /// # builder.int("layers", 1..=7).add()?;
    /// # let space = builder.build()?;
    /// let config = space.config([("layers", 3.into())])?;
    /// assert_eq!(space.describe(&config).next(), Some(("layers", Choice::Int(3))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn describe<'a>(
        &'a self,
        config: &'a Config,
    ) -> impl Iterator<Item = (&'a str, Choice)> + 'a {
        self.params().iter().enumerate().filter_map(move |(index, param)| {
            Some((param.name(), param.domain().literal(config.value(index)?)?))
        })
    }

    /// Creates the configuration that assigns the literals to the names.
    ///
    /// # Errors
    /// - [`ConfigError::Unknown`]: an unknown name.
    /// - [`ConfigError::Outside`]: a value outside its domain.
    /// - [`ConfigError::Missing`] and [`ConfigError::Inactive`]: the names are not exactly those of
    ///   the active parameters.
    pub fn config<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, Choice)>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::empty(self.len());
        for (name, literal) in values {
            let Some(index) = self.index_of(name) else {
                return Err(ConfigError::Unknown { name: name.to_owned() });
            };
            let Some(value) = self.params()[index].domain().value_of(&literal) else {
                let value = literal.to_string();
                return Err(ConfigError::Outside { name: name.to_owned(), value });
            };
            config.set(index, Some(value));
        }
        self.check(&config)?;
        Ok(config)
    }

    /// The total constraint violation: the sum of [`Constraint::violation`], in `[0, inf]`, zero
    /// exactly where the configuration is allowed. NaN counts as an infinite violation.
    pub fn violation(&self, config: &Config) -> f64 {
        self.constraints().iter().map(|constraint| constraint.violation(self, config)).sum()
    }

    /// Whether the configuration satisfies every constraint.
    pub fn allows(&self, config: &Config) -> bool {
        self.violation(config) <= 0.0
    }
}
