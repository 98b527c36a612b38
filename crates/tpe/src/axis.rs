//! Axes of the density: coordinates of parameter values, and their prior density.

use automl_space::{Config, Domain, Param, Prior, Space, Value};

/// The kernel family of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Real numbers, mapped to `[0, 1]`.
    Continuous,
    /// `n` ordered values, each standing for a cell of `[0, 1]`.
    Grid {
        /// The number of values.
        n: f64,
    },
    /// `n` unordered choices.
    Choice {
        /// The number of choices.
        n: usize,
    },
}

/// The largest number of values of a grid; beyond it, cells are as narrow as rounding errors.
const MAX_GRID: u128 = 1 << 40;

/// One parameter as an axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) kind: Kind,
    /// Whether the parameter is active in every configuration.
    is_unconditional: bool,
    domain: Domain,
    prior: Option<Prior>,
}

impl Axis {
    /// The axis of a parameter.
    pub(crate) fn of(param: &Param) -> Self {
        let kind = match (param.domain(), param.domain().cardinality()) {
            (Domain::Categorical(d), _) if !d.ordered() => Kind::Choice { n: d.choices().len() },
            (_, Some(n)) if n <= MAX_GRID => Kind::Grid { n: n as f64 },
            _ => Kind::Continuous,
        };
        Self {
            kind,
            is_unconditional: param.condition().is_none(),
            domain: param.domain().clone(),
            prior: param.prior().cloned(),
        }
    }

    /// Whether the axis is continuous and active in every configuration, so that its kernels are
    /// evaluated together with those of the other joint axes, without case distinctions.
    pub(crate) fn is_joint(&self) -> bool {
        self.is_unconditional && self.kind == Kind::Continuous
    }

    /// The coordinate of a value: a number in `[0, 1]`, or the index of a choice.
    pub(crate) fn coordinate(&self, value: Value) -> f64 {
        match (self.kind, value) {
            (Kind::Choice { .. }, Value::Category(index)) => index as f64,
            _ => self.domain.to_unit(value),
        }
    }

    /// The value at a coordinate: the inverse of [`Axis::coordinate`].
    pub(crate) fn value(&self, coordinate: f64) -> Value {
        match self.kind {
            Kind::Choice { n } => Value::Category((coordinate as usize).min(n - 1)),
            _ => self.domain.from_unit(coordinate),
        }
    }

    /// The coordinate of the value nearest to a coordinate.
    pub(crate) fn snap(&self, coordinate: f64) -> f64 {
        match self.kind {
            Kind::Grid { .. } => self.coordinate(self.value(coordinate)),
            _ => coordinate,
        }
    }

    /// The cell `[low, high]` of a grid value; the point itself on other axes.
    pub(crate) fn cell(&self, coordinate: f64) -> (f64, f64) {
        match self.kind {
            Kind::Grid { .. } => self.domain.cell(coordinate),
            _ => (coordinate, coordinate),
        }
    }

    /// The logarithm of the prior density (mass on discrete axes) at a coordinate:
    /// `ln(s p(x) + (1 - s) u(x))` with the user's prior `p`, the uniform density `u` and
    /// `s = strength` in `[0, 1]`.
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
        let density = prior.log_density(&self.domain, unit).exp();
        (strength * density + (1.0 - strength) * uniform).ln()
    }
}

/// The axes of a space.
pub(crate) fn axes(space: &Space) -> Vec<Axis> {
    space.params().iter().map(Axis::of).collect()
}

/// Appends the coordinates of a configuration, NaN for inactive parameters, to `out`.
pub(crate) fn coordinates(axes: &[Axis], config: &Config, out: &mut Vec<f64>) {
    out.extend(axes.iter().zip(config.values()).map(|(axis, value)| match value {
        Some(value) => axis.coordinate(value),
        None => f64::NAN,
    }));
}
