//! The map between a domain and the unit interval.

use super::Domain;
use crate::Value;

impl Domain {
    /// Maps a value to `[0, 1]`: linearly, or linearly in the logarithm.
    ///
    /// Discrete domains of `n` values map the `k`-th to the middle of the `k`-th of `n` equal
    /// cells, `(k + 1/2) / n`; logarithmic integers to `ln x` between `ln(low - 1/2)` and
    /// `ln(high + 1/2)`. A value outside the domain is clamped, one of another kind gives `1/2`.
    ///
    /// # Examples
    /// ```
    /// use automl_space::{Domain, FloatDomain, Value};
    ///
    /// let rate = Domain::Float(FloatDomain::new(1e-4, 1.0, true, None)?);
    /// assert!((rate.to_unit(Value::Float(1e-2)) - 0.5).abs() < 1e-12);
    /// assert_eq!(rate.from_unit(1.0), Value::Float(1.0));
    /// # Ok::<(), automl_space::DomainError>(())
    /// ```
    pub fn to_unit(&self, value: Value) -> f64 {
        let unit = match (self, value) {
            (Self::Float(d), Value::Float(x)) => match d.step {
                _ if d.low == d.high => 0.5,
                Some(step) => (((x - d.low) / step).round() + 0.5) / (d.last(step) + 1.0),
                // The difference of logarithms, because the ratio of the bounds may be infinite.
                None if d.log => (x.ln() - d.low.ln()) / (d.high.ln() - d.low.ln()),
                None => (x - d.low) / (d.high - d.low),
            },
            (Self::Int(d), Value::Int(x)) if d.log => {
                let (low, high) = d.log_bounds();
                ((x as f64).ln() - low) / (high - low)
            }
            (Self::Int(d), Value::Int(x)) => (d.position(x) + 0.5) / d.len() as f64,
            (Self::Categorical(d), Value::Category(index)) => {
                (index as f64 + 0.5) / d.choices.len() as f64
            }
            _ => 0.5,
        };
        if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) }
    }

    /// Maps a position in `[0, 1]` to a value; the inverse of [`Domain::to_unit`]. Positions
    /// outside are clamped, NaN counts as `1/2`.
    pub fn from_unit(&self, unit: f64) -> Value {
        let unit = if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) };
        match self {
            Self::Float(d) => Value::Float(match d.step {
                Some(step) => {
                    let n = d.last(step) + 1.0;
                    let k = (unit * n).floor().min(n - 1.0);
                    (d.low + k * step).clamp(d.low, d.high)
                }
                None if d.log => {
                    // Interpolating the logarithms keeps both ends exact.
                    let x = (d.low.ln() * (1.0 - unit) + d.high.ln() * unit).exp();
                    x.clamp(d.low, d.high)
                }
                None => (d.low * (1.0 - unit) + d.high * unit).clamp(d.low, d.high),
            }),
            Self::Int(d) if d.log => {
                let (low, high) = d.log_bounds();
                Value::Int(d.nearest((low + (high - low) * unit).exp().round()))
            }
            Self::Int(d) => Value::Int(d.value((unit * d.len() as f64).floor() as i128)),
            Self::Categorical(d) => {
                let n = d.choices.len();
                Value::Category(((unit * n as f64) as usize).min(n - 1))
            }
        }
    }

    /// The cell of a coordinate: the part `(low, high)` of the unit interval that
    /// [`Domain::from_unit`] maps to the same value. The cells of a finite domain partition the
    /// interval; a point of a continuum is its own cell.
    pub fn cell(&self, unit: f64) -> (f64, f64) {
        let Some(n) = self.cardinality() else { return (unit, unit) };
        if let (Self::Int(d), true, Value::Int(x)) = (self, self.is_log(), self.from_unit(unit)) {
            let ends = d.log_bounds();
            let at = |x: f64| (x.ln() - ends.0) / (ends.1 - ends.0);
            return (at(x as f64 - 0.5).max(0.0), at(x as f64 + 0.5).min(1.0));
        }
        let (center, half) = (self.to_unit(self.from_unit(unit)), 0.5 / n as f64);
        ((center - half).max(0.0), (center + half).min(1.0))
    }
}
