//! Configurations of a space: building, checking, and conversion from and to literals.

use crate::{Choice, Config, ConfigError, Domain, Key, Param, Space, Value};

impl Space {
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
}
