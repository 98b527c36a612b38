//! Domains: the set of values of one parameter and its map to the unit interval.

use crate::{Choice, Value};
use thiserror::Error;

/// Why a domain was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DomainError {
    /// A bound is NaN or infinite.
    #[error("the bounds {low:?} and {high:?} and their distance must be finite")]
    NotFinite {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// The lower bound lies above the upper one.
    #[error("the lower bound {low:?} lies above the upper bound {high:?}")]
    Empty {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// A logarithmic scale needs a positive lower bound (at least 1 for integers).
    #[error("a logarithmic scale needs a positive lower bound, not {low}")]
    LogNotPositive {
        /// The lower bound.
        low: f64,
    },
    /// A step is zero, negative or not finite.
    #[error("the step {step} must be positive and finite")]
    Step {
        /// The step.
        step: f64,
    },
    /// A step and a logarithmic scale exclude each other.
    #[error("a logarithmic scale excludes the step {step}")]
    LogStep {
        /// The step.
        step: f64,
    },
    /// A categorical parameter without a choice.
    #[error("a categorical parameter needs at least one choice")]
    NoChoices,
    /// Two choices are the same.
    #[error("the choice {choice} stands twice")]
    DuplicateChoice {
        /// The repeated choice.
        choice: Choice,
    },
    /// A choice is NaN or infinite.
    #[error("the choice {choice} must be finite")]
    ChoiceNotFinite {
        /// The offending choice.
        choice: Choice,
    },
}

/// A closed interval of floats, optionally on a grid or on a logarithmic scale.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatDomain {
    low: f64,
    high: f64,
    log: bool,
    step: Option<f64>,
}

impl FloatDomain {
    /// The interval `[low, high]`. With a `step`, the upper bound moves down to the last grid
    /// point `low + k * step`.
    ///
    /// # Errors
    /// Bounds that are not finite or not in order, a step that is not positive, a logarithmic
    /// scale with `low <= 0` or with a step.
    pub fn new(low: f64, high: f64, log: bool, step: Option<f64>) -> Result<Self, DomainError> {
        if !low.is_finite() || !high.is_finite() || !(high - low).is_finite() {
            return Err(DomainError::NotFinite { low, high });
        }
        if low > high {
            return Err(DomainError::Empty { low, high });
        }
        if log && low <= 0.0 {
            return Err(DomainError::LogNotPositive { low });
        }
        let mut domain = Self { low, high, log, step };
        if let Some(step) = step {
            if !(step > 0.0 && step.is_finite()) {
                return Err(DomainError::Step { step });
            }
            if log {
                return Err(DomainError::LogStep { step });
            }
            // A relative slack keeps [0, 1] with step 0.1 at eleven points despite rounding.
            let last = ((high - low) / step * (1.0 + 1e-12) + 1e-9).floor();
            domain.high = if last == 0.0 { low } else { (low + last * step).min(high) };
        }
        Ok(domain)
    }

    /// The lower bound.
    pub fn low(&self) -> f64 {
        self.low
    }
    /// The upper bound, on the grid where there is a step.
    pub fn high(&self) -> f64 {
        self.high
    }
    /// Whether the scale is logarithmic.
    pub fn log(&self) -> bool {
        self.log
    }
    /// The distance of neighbouring grid points, if the domain is a grid.
    pub fn step(&self) -> Option<f64> {
        self.step
    }

    /// The number of grid points minus one.
    fn last(&self, step: f64) -> f64 {
        ((self.high - self.low) / step).round()
    }

    fn nearest(&self, x: f64) -> f64 {
        let x = x.clamp(self.low, self.high);
        match self.step {
            None => x,
            Some(step) => {
                let k = ((x - self.low) / step).round().min(self.last(step));
                (self.low + k * step).clamp(self.low, self.high)
            }
        }
    }
}

/// A range of integers, both ends included.
#[derive(Clone, Debug, PartialEq)]
pub struct IntDomain {
    low: i64,
    high: i64,
    log: bool,
    step: i64,
}

impl IntDomain {
    /// The integers `low, low + step, ..` up to `high`; the upper bound moves down to the grid.
    ///
    /// # Errors
    /// Bounds not in order, a step below one, a logarithmic scale with `low < 1` or with a step
    /// above one.
    pub fn new(low: i64, high: i64, log: bool, step: i64) -> Result<Self, DomainError> {
        if low > high {
            return Err(DomainError::Empty { low: low as f64, high: high as f64 });
        }
        if step < 1 {
            return Err(DomainError::Step { step: step as f64 });
        }
        if log && low < 1 {
            return Err(DomainError::LogNotPositive { low: low as f64 });
        }
        if log && step != 1 {
            return Err(DomainError::LogStep { step: step as f64 });
        }
        let last = (i128::from(high) - i128::from(low)) / i128::from(step);
        let high = (i128::from(low) + last * i128::from(step)) as i64;
        Ok(Self { low, high, log, step })
    }

    /// The lower bound.
    pub fn low(&self) -> i64 {
        self.low
    }
    /// The upper bound, on the grid.
    pub fn high(&self) -> i64 {
        self.high
    }
    /// Whether the scale is logarithmic.
    pub fn log(&self) -> bool {
        self.log
    }
    /// The distance of neighbouring values.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// The number of values.
    pub fn len(&self) -> u128 {
        ((i128::from(self.high) - i128::from(self.low)) / i128::from(self.step)) as u128 + 1
    }

    /// Never: a domain holds at least one value.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The value with the index nearest to `k`.
    fn value(&self, k: i128) -> i64 {
        let last = i128::try_from(self.len() - 1).unwrap_or(i128::MAX);
        let k = k.clamp(0, last);
        (i128::from(self.low) + k * i128::from(self.step)).min(i128::from(self.high)) as i64
    }

    fn position(&self, x: i64) -> f64 {
        ((i128::from(x) - i128::from(self.low)) / i128::from(self.step)) as f64
    }

    /// The half-open logarithmic interval `[ln(low - 1/2), ln(high + 1/2)]`.
    fn log_bounds(&self) -> (f64, f64) {
        ((self.low as f64 - 0.5).ln(), (self.high as f64 + 0.5).ln())
    }

    fn nearest(&self, x: f64) -> i64 {
        // In integers: as floats, those beyond 2^53 are not told apart.
        let below = x.floor();
        let above = (below as i128).saturating_sub(self.low.into());
        if above < 0 {
            return self.low;
        }
        let step = i128::from(self.step);
        let over = (above % step) as f64 + (x - below);
        self.value(above / step + i128::from(over >= 0.5 * self.step as f64))
    }
}

/// A finite list of choices, in an order that has a meaning (ordinal) or none.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoricalDomain {
    choices: Vec<Choice>,
    ordered: bool,
}

impl CategoricalDomain {
    /// The given choices.
    ///
    /// # Errors
    /// An empty list, a repeated choice, or a float choice that is not finite.
    pub fn new(choices: Vec<Choice>, ordered: bool) -> Result<Self, DomainError> {
        if choices.is_empty() {
            return Err(DomainError::NoChoices);
        }
        for (i, choice) in choices.iter().enumerate() {
            if matches!(choice, Choice::Float(x) if !x.is_finite()) {
                return Err(DomainError::ChoiceNotFinite { choice: choice.clone() });
            }
            if choices[..i].iter().any(|earlier| earlier.matches(choice)) {
                return Err(DomainError::DuplicateChoice { choice: choice.clone() });
            }
        }
        Ok(Self { choices, ordered })
    }

    /// The choices.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }
    /// Whether neighbouring choices are alike.
    pub fn ordered(&self) -> bool {
        self.ordered
    }
    /// The index of a choice.
    pub fn index_of(&self, choice: &Choice) -> Option<usize> {
        self.choices.iter().position(|own| own.matches(choice))
    }
}

/// The set of values of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// Floats.
    Float(FloatDomain),
    /// Integers.
    Int(IntDomain),
    /// Choices.
    Categorical(CategoricalDomain),
}

impl Domain {
    /// Whether the value is of the right kind and lies in the domain (on its grid).
    pub fn contains(&self, value: Value) -> bool {
        match (self, value) {
            (Self::Float(d), Value::Float(x)) => {
                let slack = d.step.map_or(0.0, |step| 1e-6 * step);
                x.is_finite() && (d.nearest(x) - x).abs() <= slack
            }
            (Self::Int(d), Value::Int(x)) => {
                (d.low..=d.high).contains(&x)
                    && (i128::from(x) - i128::from(d.low)) % i128::from(d.step) == 0
            }
            (Self::Categorical(d), Value::Category(index)) => index < d.choices.len(),
            _ => false,
        }
    }

    /// The number of values; `None` for a continuum.
    pub fn cardinality(&self) -> Option<u128> {
        match self {
            Self::Float(d) if d.low == d.high => Some(1),
            Self::Float(d) => d.step.map(|step| (d.last(step) as u128).saturating_add(1)),
            Self::Int(d) => Some(d.len()),
            Self::Categorical(d) => Some(d.choices.len() as u128),
        }
    }

    /// The position of a value in `[0, 1]`: linear, or linear in the logarithm.
    ///
    /// Discrete domains of `n` values map the `k`-th to the middle of the `k`-th of `n` equal
    /// cells, `(k + 1/2) / n`; logarithmic integers to `ln x` between `ln(low - 1/2)` and
    /// `ln(high + 1/2)`. A value outside the domain is clamped, one of another kind gives `1/2`.
    pub fn to_unit(&self, value: Value) -> f64 {
        let unit = match (self, value) {
            (Self::Float(d), Value::Float(x)) => match d.step {
                _ if d.low == d.high => 0.5,
                Some(step) => (((x - d.low) / step).round() + 0.5) / (d.last(step) + 1.0),
                // The difference of logarithms, for the ratio of the bounds may be infinite.
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

    /// The value at a position in `[0, 1]`; the inverse of [`Domain::to_unit`]. Positions outside
    /// are clamped, NaN counts as `1/2`.
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

    /// The value of the domain nearest to a number in the parameter's own units; `None` for
    /// categorical domains and NaN.
    pub fn nearest(&self, x: f64) -> Option<Value> {
        match self {
            _ if x.is_nan() => None,
            Self::Float(d) => Some(Value::Float(d.nearest(x))),
            Self::Int(d) => Some(Value::Int(d.nearest(x))),
            Self::Categorical(_) => None,
        }
    }

    /// Whether neighbouring values are alike: true but for unordered categorical domains.
    pub fn is_ordered(&self) -> bool {
        !matches!(self, Self::Categorical(d) if !d.ordered)
    }

    /// Whether the scale is logarithmic.
    pub fn is_log(&self) -> bool {
        matches!(
            self,
            Self::Float(FloatDomain { log: true, .. }) | Self::Int(IntDomain { log: true, .. })
        )
    }

    /// The value that a literal names, if it lies in the domain; of a grid, its very point.
    pub fn value_of(&self, literal: &Choice) -> Option<Value> {
        let value = match (self, literal) {
            (Self::Categorical(d), _) => Value::Category(d.index_of(literal)?),
            (Self::Float(d), _) => {
                let x = literal.as_f64()?;
                return self.contains(Value::Float(x)).then(|| Value::Float(d.nearest(x)));
            }
            (Self::Int(_), Choice::Int(x)) => Value::Int(*x),
            (Self::Int(_), Choice::Float(x)) if x.fract() == 0.0 && x.abs() < 9e15 => {
                Value::Int(*x as i64)
            }
            _ => return None,
        };
        self.contains(value).then_some(value)
    }

    /// The literal that names a value; `None` where the value is of another kind.
    pub fn literal(&self, value: Value) -> Option<Choice> {
        match (self, value) {
            (Self::Float(_), Value::Float(x)) => Some(Choice::Float(x)),
            (Self::Int(_), Value::Int(x)) => Some(Choice::Int(x)),
            (Self::Categorical(d), Value::Category(index)) => d.choices.get(index).cloned(),
            _ => None,
        }
    }
}
