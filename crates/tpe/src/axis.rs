//! One axis of the density: how a parameter's values are placed and what is believed before data.

use crate::gauss;
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

/// One parameter.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) kind: Kind,
    domain: Domain,
    prior: Option<Prior>,
}

impl Axis {
    pub(crate) fn of(param: &Param) -> Self {
        let kind = match (param.domain(), param.domain().cardinality()) {
            (Domain::Categorical(d), _) if !d.ordered() => Kind::Choice { n: d.choices().len() },
            (_, Some(n)) => Kind::Grid { n: n as f64 },
            (_, None) => Kind::Continuous,
        };
        Self { kind, domain: param.domain().clone(), prior: param.prior().cloned() }
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
        let Kind::Grid { n } = self.kind else { return (coordinate, coordinate) };
        if let (true, Value::Int(x), Domain::Int(d)) =
            (self.domain.is_log(), self.value(coordinate), &self.domain)
        {
            let bounds = ((d.low() as f64 - 0.5).ln(), (d.high() as f64 + 0.5).ln());
            let at = |x: f64| (x.ln() - bounds.0) / (bounds.1 - bounds.0);
            return (at(x as f64 - 0.5).max(0.0), at(x as f64 + 0.5).min(1.0));
        }
        let half = 0.5 / n;
        ((coordinate - half).max(0.0), (coordinate + half).min(1.0))
    }

    /// The logarithm of the prior's density (or mass) at a coordinate, the prior's own raised to
    /// `strength` and mixed with nothing: 0 is uniform, 1 is what the user said.
    pub(crate) fn log_prior(&self, coordinate: f64, strength: f64) -> f64 {
        let uniform = match self.kind {
            Kind::Continuous => 0.0,
            Kind::Grid { .. } => {
                let (low, high) = self.cell(coordinate);
                (high - low).max(1e-300).ln()
            }
            Kind::Choice { n } => -(n as f64).ln(),
        };
        if strength <= 0.0 {
            return uniform;
        }
        match &self.prior {
            None => uniform,
            Some(Prior::Weights { weights }) => {
                let n = weights.len() as f64;
                let index = match self.kind {
                    Kind::Choice { .. } => coordinate as usize,
                    _ => match self.value(coordinate) {
                        Value::Category(index) => index,
                        _ => 0,
                    },
                };
                let share =
                    weights.get(index).copied().unwrap_or(0.0) / weights.iter().sum::<f64>();
                // A share of the uniform keeps every choice possible.
                (strength * share + (1.0 - strength) / n).max(0.01 / n).ln()
            }
            Some(prior) => {
                let Some((mean, sd)) = prior.unit_normal(&self.domain) else { return uniform };
                let sd = (sd / strength).max(1e-6);
                let whole = gauss::mass((0.0 - mean) / sd, (1.0 - mean) / sd).max(1e-300).ln();
                let z = (coordinate - mean) / sd;
                uniform - 0.5 * z * z - gauss::LN_SQRT_TAU - sd.ln() - whole
            }
        }
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
