//! The builders of spaces and of their parameters.

mod spec;

pub(crate) use spec::{ClauseSpec, DomainSpec, PredicateSpec};

use crate::space::Definition;
use crate::{
    Choice, Choices, Condition, Constraint, Expression, Key, Param, Prior, Space, SpaceError,
};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

/// A builder that collects parameters and constraints; parents precede their children.
///
/// # Examples
/// ```
/// use automl_space::Space;
///
/// let mut builder = Space::builder();
/// let booster = builder.choice("booster", ["tree", "linear"]).add()?;
/// builder.int("depth", 1..=12).when(booster, "tree").add()?;
/// builder.ordinal("batch", [16, 32, 64]).add()?;
/// assert_eq!(builder.build()?.len(), 3);
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Debug, Default)]
pub struct SpaceBuilder {
    definition: Definition,
    /// The index of each parameter.
    names: HashMap<String, usize>,
}

impl SpaceBuilder {
    pub(crate) fn from_definition(definition: Definition) -> Self {
        let params = definition.params.iter().enumerate();
        let names = params.map(|(index, param)| (param.name().to_owned(), index)).collect();
        Self { definition, names }
    }

    /// Starts a float parameter in a closed interval.
    pub fn float(&mut self, name: &str, range: RangeInclusive<f64>) -> ParamBuilder<'_, f64> {
        let domain = DomainSpec::Float { low: *range.start(), high: *range.end(), step: None };
        ParamBuilder::new(self, name, domain)
    }

    /// Starts an integer parameter in a range, both ends included.
    pub fn int(&mut self, name: &str, range: RangeInclusive<i64>) -> ParamBuilder<'_, i64> {
        let domain = DomainSpec::Int { low: *range.start(), high: *range.end(), step: 1 };
        ParamBuilder::new(self, name, domain)
    }

    /// Starts a nominal parameter: one of several choices without an order.
    pub fn choice(&mut self, name: &str, choices: impl Into<Choices>) -> ParamBuilder<'_, usize> {
        let domain = DomainSpec::Categorical { choices: choices.into().0, ordered: false };
        ParamBuilder::new(self, name, domain)
    }

    /// Starts an ordinal parameter: one of several choices in a meaningful order.
    pub fn ordinal(&mut self, name: &str, choices: impl Into<Choices>) -> ParamBuilder<'_, usize> {
        let domain = DomainSpec::Categorical { choices: choices.into().0, ordered: true };
        ParamBuilder::new(self, name, domain)
    }

    /// Adds a constraint.
    pub fn constraint(&mut self, constraint: Constraint) -> &mut Self {
        self.definition.constraints.push(constraint);
        self
    }

    /// Adds a constraint as text, such as `"depth * width <= 256"`; for the grammar see
    /// [`Expression`].
    ///
    /// # Errors
    /// [`SpaceError::Constraint`] for a syntax error or an unknown parameter.
    pub fn require(&mut self, expression: &str) -> Result<&mut Self, SpaceError> {
        let expression = Expression::parse(expression, &self.definition.params)?;
        Ok(self.constraint(Constraint::Expression(expression)))
    }

    /// Finishes the space.
    ///
    /// # Errors
    /// [`SpaceError::NoParameters`] for an empty space.
    pub fn build(self) -> Result<Space, SpaceError> {
        Space::new(self.definition)
    }

    /// The index of a parameter added before.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// A parameter added before.
    pub(crate) fn param(&self, index: usize) -> Option<&Param> {
        self.definition.params.get(index)
    }
}

/// A parameter under construction; [`ParamBuilder::add`] checks it and returns its key.
///
/// # Examples
/// ```
/// use automl_space::{Prior, Space};
///
/// let mut builder = Space::builder();
/// let prior = Prior::Normal { mean: 0.9, sd: 0.1 };
/// let momentum = builder.float("momentum", 0.0..=0.99).prior(prior).add()?;
/// assert_eq!(momentum.index(), 0);
/// assert!(builder.int("width", 1..=64).log().step(8).add().is_err());
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Debug)]
#[must_use = "`add` adds the parameter to the space"]
pub struct ParamBuilder<'a, T> {
    space: &'a mut SpaceBuilder,
    name: String,
    domain: DomainSpec,
    log: bool,
    prior: Option<Prior>,
    default: Option<Choice>,
    clauses: Vec<ClauseSpec>,
    kind: PhantomData<fn() -> T>,
}

impl<'a, T> ParamBuilder<'a, T> {
    pub(crate) fn new(space: &'a mut SpaceBuilder, name: &str, domain: DomainSpec) -> Self {
        Self {
            space,
            name: name.to_owned(),
            domain,
            log: false,
            prior: None,
            default: None,
            clauses: Vec::new(),
            kind: PhantomData,
        }
    }

    /// Sets the options that a document specifies.
    pub(crate) fn with(
        mut self,
        log: bool,
        prior: Option<Prior>,
        default: Option<Choice>,
        clauses: Vec<ClauseSpec>,
    ) -> Self {
        (self.log, self.prior, self.clauses) = (log, prior, clauses);
        self.default = default;
        self
    }

    /// Sets the prior.
    pub fn prior(mut self, prior: Prior) -> Self {
        self.prior = Some(prior);
        self
    }

    /// Declares the default: a study tries the configuration of the defaults first
    /// ([`Space::declared_default`]).
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    ///
    /// let mut builder = Space::builder();
    /// let rate = builder.float("rate", 1e-4..=1.0).log().default(1e-3).add()?;
    /// assert!(builder.int("layers", 1..=8).default(9).add().is_err());
    /// let default = builder.build()?.declared_default().expect("one is declared");
    /// assert_eq!(default[rate], 1e-3);
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn default(mut self, value: impl Into<Choice>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Makes the parameter active only for the given values of a parent. Several conditions must
    /// all hold.
    pub fn when<P>(mut self, parent: Key<P>, values: impl Into<Choices>) -> Self {
        let predicate = PredicateSpec::OneOf(values.into().0);
        self.clauses.push(ClauseSpec { parent: parent.index(), predicate });
        self
    }

    /// Makes the parameter active only for values of a parent in `[low, high]` (of an ordinal:
    /// indices). One end may be infinite. Nominal parents have no ranges.
    pub fn when_between<P>(mut self, parent: Key<P>, low: f64, high: f64) -> Self {
        let predicate = PredicateSpec::Between(low, high);
        self.clauses.push(ClauseSpec { parent: parent.index(), predicate });
        self
    }

    /// Checks the parameter, adds it to the space and returns its key.
    ///
    /// # Errors
    /// - [`SpaceError::EmptyName`] and [`SpaceError::DuplicateName`]: an unusable name.
    /// - [`SpaceError::Domain`] and [`SpaceError::Prior`]: an invalid domain or prior.
    /// - [`SpaceError::Default`]: a default outside the domain.
    /// - [`SpaceError::UnknownParent`]: a condition on a parameter of another space.
    /// - [`SpaceError::ConditionEmpty`], [`ConditionValue`](SpaceError::ConditionValue),
    ///   [`ConditionOrder`](SpaceError::ConditionOrder) and
    ///   [`ConditionRange`](SpaceError::ConditionRange): a condition that its parent cannot meet.
    pub fn add(self) -> Result<Key<T>, SpaceError> {
        let Self { space, name, domain, log, prior, default, clauses, .. } = self;
        if name.is_empty() {
            return Err(SpaceError::EmptyName);
        }
        if space.index_of(&name).is_some() {
            return Err(SpaceError::DuplicateName { name });
        }
        let domain = domain
            .build(log)
            .map_err(|source| SpaceError::Domain { name: name.clone(), source })?;
        if let Some(prior) = &prior {
            prior
                .check(&domain)
                .map_err(|source| SpaceError::Prior { name: name.clone(), source })?;
        }
        let default = default.map(|value| {
            let found = domain.value_of(&value);
            found.ok_or_else(|| SpaceError::Default { name: name.clone(), value })
        });
        let default = default.transpose()?;
        let clauses = clauses
            .into_iter()
            .map(|clause| clause.resolve(&space.definition.params, &name))
            .collect::<Result<Vec<_>, _>>()?;
        let condition = if clauses.is_empty() { None } else { Some(Condition { clauses }) };
        let index = space.definition.params.len();
        space.names.insert(name.clone(), index);
        let param = Param::new(name, domain, condition, prior).with_default(default);
        space.definition.params.push(param);
        Ok(Key::new(index))
    }
}

impl ParamBuilder<'_, f64> {
    /// Sets a logarithmic scale.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Restricts the domain to the grid `low + k * step`.
    pub fn step(mut self, size: f64) -> Self {
        if let DomainSpec::Float { step, .. } = &mut self.domain {
            *step = Some(size);
        }
        self
    }
}

impl ParamBuilder<'_, i64> {
    /// Sets a logarithmic scale.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Restricts the domain to the grid `low + k * step`.
    pub fn step(mut self, size: i64) -> Self {
        if let DomainSpec::Int { step, .. } = &mut self.domain {
            *step = size;
        }
        self
    }
}
