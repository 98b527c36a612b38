//! One axis of the density: how a parameter's values are placed and what is believed before data.

use automl_space::{Config, Domain, Param, Prior, Space, Value};

/// The kind of a parameter, as the density sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A continuum, mapped to `[0, 1]`.
    Continuous,
    /// `n` ordered values, each a cell of `[0, 1]` of which the bounds are asked from the domain.
    Grid {
        /// The number of values.
        n: f64,
    },
    /// `n` choices without an order.
    Choice {
        /// The number of choices.
        n: usize,
    },
}

/// The most values of a grid; of more, a cell is not told from a point.
const FINEST: u128 = 1 << 40;

/// One parameter.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) kind: Kind,
    /// Whether every configuration has the parameter.
    always: bool,
    domain: Domain,
    prior: Option<Prior>,
}

impl Axis {
    pub(crate) fn of(param: &Param) -> Self {
        let kind = match (param.domain(), param.domain().cardinality()) {
            (Domain::Categorical(d), _) if !d.ordered() => Kind::Choice { n: d.choices().len() },
            (_, Some(n)) if n <= FINEST => Kind::Grid { n: n as f64 },
            _ => Kind::Continuous,
        };
        Self {
            kind,
            always: param.condition().is_none(),
            domain: param.domain().clone(),
            prior: param.prior().cloned(),
        }
    }

    /// Whether the kernels of this axis are multiplied without looking: a continuum that every
    /// configuration has.
    pub(crate) fn is_joint(&self) -> bool {
        self.always && self.kind == Kind::Continuous
    }

    /// The coordinate of a value: in `[0, 1]`, or the index of a choice.
    pub(crate) fn coordinate(&self, value: Value) -> f64 {
        match (self.kind, value) {
            (Kind::Choice { .. }, Value::Category(index)) => index as f64,
            _ => self.domain.to_unit(value),
        }
    }

    /// The value at a coordinate; the inverse of [`Axis::coordinate`].
    pub(crate) fn value(&self, coordinate: f64) -> Value {
        match self.kind {
            Kind::Choice { n } => Value::Category((coordinate as usize).min(n - 1)),
            _ => self.domain.from_unit(coordinate),
        }
    }

    /// The coordinate snapped to the value that it stands for.
    pub(crate) fn snap(&self, coordinate: f64) -> f64 {
        match self.kind {
            Kind::Grid { .. } => self.coordinate(self.value(coordinate)),
            _ => coordinate,
        }
    }

    /// The cell `[low, high]` of a grid value in `[0, 1]`.
    pub(crate) fn cell(&self, coordinate: f64) -> (f64, f64) {
        match self.kind {
            Kind::Grid { .. } => self.domain.cell(coordinate),
            _ => (coordinate, coordinate),
        }
    }

    /// The logarithm of the prior's density (or mass) at a coordinate: what the user said with
    /// weight `strength`, the uniform with the rest.
    pub(crate) fn log_prior(&self, coordinate: f64, strength: f64) -> f64 {
        if self.kind == Kind::Continuous && self.prior.is_none() {
            return 0.0;
        }
        let (low, high) = self.cell(coordinate);
        let uniform = match self.kind {
            Kind::Continuous => 1.0,
            Kind::Grid { .. } => high - low,
            Kind::Choice { n } => 1.0 / n as f64,
        };
        let Some(prior) = self.prior.as_ref().filter(|_| strength > 0.0) else {
            return uniform.ln();
        };
        let unit = match self.kind {
            Kind::Choice { .. } => self.domain.to_unit(self.value(coordinate)),
            _ => coordinate,
        };
        let said = prior.log_density(&self.domain, unit).exp();
        (strength * said + (1.0 - strength) * uniform).ln()
    }
}

/// The axes of a space.
pub(crate) fn axes(space: &Space) -> Vec<Axis> {
    space.params().iter().map(Axis::of).collect()
}

/// The coordinates of a configuration, NaN where a parameter is inactive.
pub(crate) fn coordinates(axes: &[Axis], config: &Config, out: &mut Vec<f64>) {
    out.extend(axes.iter().zip(config.values()).map(|(axis, value)| match value {
        Some(value) => axis.coordinate(value),
        None => f64::NAN,
    }));
}
