//! Ranges of options.

use serde_json::Value;
use std::fmt;

/// The values that an option may have.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Allowed {
    /// Every value of the option's type.
    Any,
    /// Numbers from `low` on.
    AtLeast(f64),
    /// Numbers above `low`.
    Above(f64),
    /// Numbers in the closed interval.
    Between(f64, f64),
    /// Numbers in the open interval.
    Inside(f64, f64),
    /// Numbers above the first bound and at most the second.
    UpTo(f64, f64),
    /// These words.
    OneOf(&'static [&'static str]),
}

impl Allowed {
    /// [`Allowed::Any`].
    pub const fn any() -> Self {
        Self::Any
    }

    /// [`Allowed::AtLeast`].
    pub const fn at_least(low: f64) -> Self {
        Self::AtLeast(low)
    }

    /// [`Allowed::Above`].
    pub const fn above(low: f64) -> Self {
        Self::Above(low)
    }

    /// [`Allowed::Between`].
    pub const fn between(low: f64, high: f64) -> Self {
        Self::Between(low, high)
    }

    /// [`Allowed::Inside`].
    pub const fn inside(low: f64, high: f64) -> Self {
        Self::Inside(low, high)
    }

    /// [`Allowed::UpTo`].
    pub const fn up_to(low: f64, high: f64) -> Self {
        Self::UpTo(low, high)
    }

    /// [`Allowed::OneOf`].
    pub const fn one_of(words: &'static [&'static str]) -> Self {
        Self::OneOf(words)
    }

    /// Whether a value is allowed. The type itself is checked by serde.
    pub fn contains(&self, value: &Value) -> bool {
        let number = |test: &dyn Fn(f64) -> bool| value.as_f64().is_some_and(test);
        match *self {
            // A number that is not finite has no JSON form.
            Self::Any => !value.is_null(),
            Self::AtLeast(low) => number(&|x| x >= low),
            Self::Above(low) => number(&|x| x > low),
            Self::Between(low, high) => number(&|x| low <= x && x <= high),
            Self::Inside(low, high) => number(&|x| low < x && x < high),
            Self::UpTo(low, high) => number(&|x| low < x && x <= high),
            Self::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Any => f.write_str("valid"),
            Self::AtLeast(low) => write!(f, "at least {low}"),
            Self::Above(low) => write!(f, "above {low}"),
            Self::Between(low, high) => write!(f, "in [{low}, {high}]"),
            Self::Inside(low, high) => write!(f, "in ({low}, {high})"),
            Self::UpTo(low, high) => write!(f, "in ({low}, {high}]"),
            Self::OneOf(words) => match words {
                [all @ .., last] if !all.is_empty() => {
                    write!(f, "{} or {last}", all.join(", "))
                }
                _ => f.write_str(&words.join("")),
            },
        }
    }
}
