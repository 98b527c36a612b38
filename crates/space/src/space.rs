//! Search spaces: parameters in order, and constraints.

mod configs;

use crate::{Config, Constraint, Domain, Key, Param, SpaceBuilder, SpaceError};
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

    /// A builder that begins with the parameters and constraints of this space: what is added gets the
    /// indices behind them, and keys of this space stay valid in the new one.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    ///
    /// let mut builder = Space::builder();
    /// let depth = builder.int("depth", 1..=4).add()?;
    /// let mut wider = builder.build()?.extended();
    /// wider.float("rate", 0.1..=1.0).add()?;
    /// let wider = wider.build()?;
    /// let config = wider.config([("depth", 3.into()), ("rate", 0.5.into())]).expect("valid");
    /// assert_eq!(config[depth], 3);
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn extended(&self) -> SpaceBuilder {
        SpaceBuilder::from_definition(self.0.definition.clone())
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

    /// The configuration of all defaults, where a parameter declares one
    /// ([`ParamBuilder::default`](crate::ParamBuilder::default)); `None` where none does or where a
    /// constraint forbids the configuration. Parameters without a declared default have
    /// [`Param::default_value`].
    pub fn declared_default(&self) -> Option<Config> {
        let declared = self.params().iter().any(|param| param.declared_default().is_some());
        let default = declared.then(|| self.build_config(|_, param| param.default_value()));
        default.filter(|default| self.allows(default))
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
