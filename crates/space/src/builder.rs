//! The builder of spaces and the typed keys it hands out.

use crate::condition::Wish;
use crate::space::Parts;
use crate::{
    CategoricalDomain, Choice, Choices, Clause, Condition, Constraint, Domain, Expression,
    FloatDomain, IntDomain, Param, Prior, Space, SpaceError, Test,
};
use std::marker::PhantomData;
use std::ops::RangeInclusive;

/// A typed handle of one parameter: `Key<f64>`, `Key<i64>`, or `Key<usize>` for a choice's index.
pub struct Key<T> {
    index: usize,
    kind: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    pub(crate) fn new(index: usize) -> Self {
        Self { index, kind: PhantomData }
    }

    /// The parameter's index in its space.
    pub fn index(self) -> usize {
        self.index
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> std::fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.index)
    }
}

/// Collects parameters; a parent is added before its children.
#[derive(Debug, Default)]
pub struct SpaceBuilder {
    parts: Parts,
}

impl SpaceBuilder {
    /// A float in a closed interval.
    pub fn float(&mut self, name: &str, range: RangeInclusive<f64>) -> ParamBuilder<'_, f64> {
        let draft = Draft::Float { low: *range.start(), high: *range.end(), step: None };
        ParamBuilder::new(self, name, draft)
    }

    /// An integer in a range, both ends included.
    pub fn int(&mut self, name: &str, range: RangeInclusive<i64>) -> ParamBuilder<'_, i64> {
        let draft = Draft::Int { low: *range.start(), high: *range.end(), step: 1 };
        ParamBuilder::new(self, name, draft)
    }

    /// One of several choices without an order.
    pub fn choice(&mut self, name: &str, choices: impl Into<Choices>) -> ParamBuilder<'_, usize> {
        let draft = Draft::Categorical { choices: choices.into().0, ordered: false };
        ParamBuilder::new(self, name, draft)
    }

    /// One of several choices, of which neighbours are alike.
    pub fn ordinal(&mut self, name: &str, choices: impl Into<Choices>) -> ParamBuilder<'_, usize> {
        let draft = Draft::Categorical { choices: choices.into().0, ordered: true };
        ParamBuilder::new(self, name, draft)
    }

    /// Adds a constraint that is judged before any evaluation.
    pub fn constraint(&mut self, constraint: Constraint) -> &mut Self {
        self.parts.constraints.push(constraint);
        self
    }

    /// Adds a condition that every configuration has to meet, as text: `"depth * width <= 256"`.
    /// The language stands with [`Expression`].
    ///
    /// # Errors
    /// [`SpaceError::Constraint`] names what cannot be read, such as an unknown parameter.
    pub fn require(&mut self, expression: &str) -> Result<&mut Self, SpaceError> {
        let expression = Expression::parse(expression, &self.parts.params)?;
        Ok(self.constraint(Constraint::Expression(expression)))
    }

    /// The finished space.
    ///
    /// # Errors
    /// [`SpaceError::NoParameters`] for an empty space.
    pub fn build(self) -> Result<Space, SpaceError> {
        Space::assemble(self.parts)
    }

    /// The index of a parameter that was added before.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.parts.params.iter().position(|param| param.name() == name)
    }

    /// A parameter that was added before.
    pub(crate) fn param(&self, index: usize) -> Option<&Param> {
        self.parts.params.get(index)
    }
}

#[derive(Debug)]
pub(crate) enum Draft {
    Float { low: f64, high: f64, step: Option<f64> },
    Int { low: i64, high: i64, step: i64 },
    Categorical { choices: Vec<Choice>, ordered: bool },
}

/// One parameter in the making; [`ParamBuilder::add`] checks it and hands out its key.
#[derive(Debug)]
#[must_use = "a parameter joins the space with `add`"]
pub struct ParamBuilder<'a, T> {
    space: &'a mut SpaceBuilder,
    name: String,
    draft: Draft,
    log: bool,
    prior: Option<Prior>,
    wishes: Vec<Wish>,
    kind: PhantomData<fn() -> T>,
}

impl<'a, T> ParamBuilder<'a, T> {
    pub(crate) fn new(space: &'a mut SpaceBuilder, name: &str, draft: Draft) -> Self {
        Self {
            space,
            name: name.to_owned(),
            draft,
            log: false,
            prior: None,
            wishes: Vec::new(),
            kind: PhantomData,
        }
    }

    /// Attaches a prior.
    pub fn prior(mut self, prior: Prior) -> Self {
        self.prior = Some(prior);
        self
    }

    /// Active only while the parent has one of the given values. Several conditions must all hold.
    pub fn when<P>(mut self, parent: Key<P>, values: impl Into<Choices>) -> Self {
        self.wishes.push(Wish::OneOf(parent.index(), values.into().0));
        self
    }

    /// Active only while the parent's value lies in `[low, high]` (for an ordinal: its index). One
    /// end may be infinite, and the parent's values need an order.
    pub fn when_between<P>(mut self, parent: Key<P>, low: f64, high: f64) -> Self {
        self.wishes.push(Wish::Between(parent.index(), low, high));
        self
    }

    /// Checks the parameter and adds it.
    ///
    /// # Errors
    /// A bad domain or prior, a name that is empty or taken, a condition on a parameter that does
    /// not exist or on a value that its parent cannot have. The error names the parameter.
    pub fn add(self) -> Result<Key<T>, SpaceError> {
        let Self { space, name, draft, log, prior, wishes, .. } = self;
        if name.is_empty() {
            return Err(SpaceError::EmptyName);
        }
        if space.index_of(&name).is_some() {
            return Err(SpaceError::DuplicateName { name });
        }
        let domain = match draft {
            Draft::Float { low, high, step } => {
                FloatDomain::new(low, high, log, step).map(Domain::Float)
            }
            Draft::Int { low, high, step } => IntDomain::new(low, high, log, step).map(Domain::Int),
            Draft::Categorical { choices, ordered } => {
                CategoricalDomain::new(choices, ordered).map(Domain::Categorical)
            }
        }
        .map_err(|source| SpaceError::Domain { name: name.clone(), source })?;
        if let Some(prior) = &prior {
            prior
                .check(&domain)
                .map_err(|source| SpaceError::Prior { name: name.clone(), source })?;
        }
        let clauses = wishes
            .into_iter()
            .map(|wish| resolve(&space.parts.params, &name, wish))
            .collect::<Result<Vec<_>, _>>()?;
        let condition = if clauses.is_empty() { None } else { Some(Condition { clauses }) };
        let index = space.parts.params.len();
        space.parts.params.push(Param::new(name, domain, condition, prior));
        Ok(Key::new(index))
    }
}

impl ParamBuilder<'_, f64> {
    /// Puts the parameter on a logarithmic scale.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Restricts the parameter to the grid `low + k * step`.
    pub fn step(mut self, size: f64) -> Self {
        if let Draft::Float { step, .. } = &mut self.draft {
            *step = Some(size);
        }
        self
    }
}

impl ParamBuilder<'_, i64> {
    /// Puts the parameter on a logarithmic scale.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Restricts the parameter to the grid `low + k * step`.
    pub fn step(mut self, size: i64) -> Self {
        if let Draft::Int { step, .. } = &mut self.draft {
            *step = size;
        }
        self
    }
}

/// Looks a condition's literals up in its parent's domain.
fn resolve(params: &[Param], child: &str, wish: Wish) -> Result<Clause, SpaceError> {
    let index = match wish {
        Wish::OneOf(index, _) | Wish::Between(index, ..) => index,
    };
    let Some(parent) = params.get(index) else {
        return Err(SpaceError::UnknownParent {
            name: child.to_owned(),
            parent: index.to_string(),
        });
    };
    let test = match wish {
        Wish::Between(_, low, high) => {
            if !parent.domain().is_ordered() {
                return Err(SpaceError::ConditionOrder {
                    name: child.to_owned(),
                    parent: parent.name().to_owned(),
                });
            }
            let endless = low == f64::NEG_INFINITY && high == f64::INFINITY;
            if low.is_nan() || high.is_nan() || low > high || endless {
                return Err(SpaceError::ConditionRange { name: child.to_owned(), low, high });
            }
            Test::Between(low, high)
        }
        Wish::OneOf(_, literals) => {
            if literals.is_empty() {
                return Err(SpaceError::ConditionEmpty { name: child.to_owned() });
            }
            let values = literals.into_iter().map(|literal| {
                parent.domain().value_of(&literal).ok_or_else(|| SpaceError::ConditionValue {
                    name: child.to_owned(),
                    parent: parent.name().to_owned(),
                    value: literal,
                })
            });
            Test::OneOf(values.collect::<Result<_, _>>()?)
        }
    };
    Ok(Clause { parent: index, test })
}
