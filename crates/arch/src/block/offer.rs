//! A block's part of the seven-block search space.

use automl_space::{Config, Key, Prior};

/// The block type's name is followed by its place in the space: which types m1 (the stem) offers,
/// which m2 to m7 of the plain space, and which m2 to m7 of the extended one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferedType {
    /// Name in configuration files, also the choice's name in the space.
    pub(crate) name: &'static str,
    /// Prior weight in m1; `None` where m1 does not offer the type.
    pub(crate) stem: Option<f64>,
    /// Prior weight in m2 to m7; `None` where only the extended space offers the type.
    pub(crate) plain: Option<f64>,
    /// Prior weight in m2 to m7 of the extended space; 0 where only m1 offers the type.
    pub(crate) extended: f64,
}

/// How a searched block halves its maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halving {
    /// By its stride.
    Stride,
    /// By a max pooling behind it.
    Pool,
    /// Not at all.
    Never,
}

/// Sets of blocks, each with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Generation {
    /// The published space and its extension.
    Usual,
    /// MobileOne and later blocks.
    Recent,
    /// Gated and split blocks.
    Gated,
}

/// A block's part of the space.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The types, one for each variant of the block.
    pub(crate) types: &'static [OfferedType],
    /// How the block halves its maps.
    pub(crate) halving: Halving,
    /// Whether the block may be repeated.
    pub(crate) repeats: bool,
    /// The smallest of the spaces that have the block.
    pub(crate) generation: Generation,
    /// Parameters at a position of the chain. Blocks that name the same parameter share it.
    pub(crate) parameters: fn(&Position) -> Vec<Parameter>,
}

impl Offer {
    /// A block of every space, which may be repeated.
    pub(crate) fn usual(
        types: &'static [OfferedType],
        halving: Halving,
        parameters: fn(&Position) -> Vec<Parameter>,
    ) -> Self {
        Self { types, halving, repeats: true, generation: Generation::Usual, parameters }
    }

    /// The same block in larger spaces only.
    pub(crate) fn since(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }
}

/// A range of integers: low, high, step.
pub(crate) type Steps = (i64, i64, i64);

/// A position of the chain, m1 to m7, with its published ranges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// Whether this is m1.
    pub(crate) stem: bool,
    /// Output channels of plain convolutions.
    pub(crate) plain: Steps,
    /// Output channels and largest expansion of version 2 inverted residuals.
    pub(crate) v2: (Steps, i64),
    /// Output channels of version 3 inverted residuals and of the extended types.
    pub(crate) v3: Steps,
}

/// A parameter of a block.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Name behind `m1/`, `m2/`, ...
    pub(crate) name: &'static str,
    pub(crate) domain: Domain,
    pub(crate) prior: Option<Prior>,
}

/// Domains of parameters.
#[derive(Clone, Debug)]
pub(crate) enum Domain {
    Int(Steps),
    Float { low: f64, high: f64, step: f64 },
    Ordinal(&'static [i64]),
    Choice(&'static [&'static str]),
}

/// Prior weights of the values of an ordinal.
pub(crate) fn weights<const N: usize>(weights: [f64; N]) -> Prior {
    Prior::Weights { weights: weights.to_vec() }
}

/// A normal prior around a share of a range; its standard deviation is a third of the range.
pub(crate) fn around(low: f64, high: f64, share: f64) -> Prior {
    let sd = ((high - low) / 3.0).max(1e-3);
    Prior::Normal { mean: low + share * (high - low), sd }
}

impl Parameter {
    /// An integer with a normal prior around a share of its range.
    pub(crate) fn int(name: &'static str, range: Steps, share: f64) -> Self {
        let prior = Some(around(range.0 as f64, range.1 as f64, share));
        Self { name, domain: Domain::Int(range), prior }
    }

    /// An expansion, 1 to 6 in tenths.
    pub(crate) fn expansion(name: &'static str) -> Self {
        let domain = Domain::Float { low: 1.0, high: 6.0, step: 0.1 };
        Self { name, domain, prior: Some(Prior::Normal { mean: 3.0, sd: 1.5 }) }
    }

    /// A number out of a list.
    pub(crate) fn ordinal(
        name: &'static str,
        values: &'static [i64],
        prior: Option<Prior>,
    ) -> Self {
        Self { name, domain: Domain::Ordinal(values), prior }
    }

    /// A choice by name, all equally likely.
    pub(crate) fn choice(name: &'static str, choices: &'static [&'static str]) -> Self {
        Self { name, domain: Domain::Choice(choices), prior: None }
    }

    /// A depthwise kernel of 3 or 5 pixels.
    pub(crate) fn kernel(name: &'static str) -> Self {
        Self::ordinal(name, &[3, 5], Some(weights([0.65, 0.35])))
    }
}

/// Handle of a parameter in the space.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handle {
    Int(Key<i64>),
    Float(Key<f64>),
    Ordinal(Key<usize>, &'static [i64]),
    Choice(Key<usize>),
}

/// The values of one position of the chain in a configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    pub(crate) config: &'a Config,
    /// Handles of the parameters by name.
    pub(crate) handles: &'a [(&'static str, Handle)],
    /// Name of the chosen type.
    pub(crate) kind: &'static str,
    /// The stride, 1 for a type without one.
    pub(crate) stride: usize,
}

impl Values<'_> {
    fn handle(&self, name: &str) -> Option<Handle> {
        self.handles.iter().find(|(own, _)| *own == name).map(|(_, handle)| *handle)
    }

    /// The value of an integer or ordinal; `None` where the position has no such parameter.
    pub(crate) fn size(&self, name: &str) -> Option<usize> {
        let value = match self.handle(name)? {
            Handle::Int(key) => self.config.get(key)?,
            Handle::Ordinal(key, values) => *values.get(self.config.get(key)?)?,
            Handle::Float(_) | Handle::Choice(_) => return None,
        };
        usize::try_from(value).ok()
    }

    /// The value of a flag, an ordinal of 0 and 1.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.size(name) == Some(1)
    }

    /// The value of a parameter in tenths, without the rounding of its grid.
    pub(crate) fn tenths(&self, name: &str) -> Option<f64> {
        match self.handle(name)? {
            Handle::Float(key) => Some((self.config.get(key)? * 10.0).round() / 10.0),
            _ => None,
        }
    }

    /// The index of a choice.
    pub(crate) fn choice(&self, name: &str) -> Option<usize> {
        match self.handle(name)? {
            Handle::Choice(key) => self.config.get(key),
            _ => None,
        }
    }

    /// Whether the chosen type has efficient channel attention.
    pub(crate) fn attention(&self) -> bool {
        self.kind.starts_with("ECA")
    }
}
