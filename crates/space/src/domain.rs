//! Domains: the set of values of one parameter.

mod categorical;
mod error;
mod float;
mod int;
mod places;
mod unit;

pub use categorical::CategoricalDomain;
pub use error::DomainError;
pub use float::FloatDomain;
pub use int::IntDomain;

use crate::{Choice, Value};

/// The set of values of one parameter.
///
/// # Examples
/// ```
/// use automl_space::{Domain, IntDomain, Value};
///
/// let kernel = Domain::Int(IntDomain::new(1, 7, false, 2)?);
/// assert_eq!(kernel.cardinality(), Some(4));
/// assert!(!kernel.contains(Value::Int(4)));
/// assert_eq!(kernel.nearest(4.2), Some(Value::Int(5)));
/// # Ok::<(), automl_space::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// A closed interval of floats.
    Float(FloatDomain),
    /// A range of integers.
    Int(IntDomain),
    /// A list of choices.
    Categorical(CategoricalDomain),
}

impl Domain {
    /// Whether a value is of the domain's kind and lies in it (on its grid, up to a millionth of a
    /// step).
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

    /// The number of values; `None` for a continuum. Saturates at `u128::MAX`.
    pub fn cardinality(&self) -> Option<u128> {
        match self {
            Self::Float(d) if d.low == d.high => Some(1),
            Self::Float(d) => d.step.map(|step| (d.last(step) as u128).saturating_add(1)),
            Self::Int(d) => Some(d.len()),
            Self::Categorical(d) => Some(d.choices.len() as u128),
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

    /// Whether the values have an order: true for all but nominal domains.
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

    /// Looks up the value that a literal denotes, snapped to the grid; `None` outside the domain.
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

    /// The literal of a value; `None` where the value is of another kind or not in the list.
    pub fn literal(&self, value: Value) -> Option<Choice> {
        match (self, value) {
            (Self::Float(_), Value::Float(x)) => Some(Choice::Float(x)),
            (Self::Int(_), Value::Int(x)) => Some(Choice::Int(x)),
            (Self::Categorical(d), Value::Category(index)) => d.choices.get(index).cloned(),
            _ => None,
        }
    }
}
