//! Values of parameters and the literals that denote them.

use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The value of one parameter in its internal representation.
///
/// Equality is bitwise with `-0.0 == 0.0`, so values can be hashed.
///
/// # Examples
/// ```
/// use automl_space::Value;
///
/// assert_eq!(Value::Category(2).as_f64(), 2.0);
/// assert_eq!(Value::Float(-0.0), Value::Float(0.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// The value of a float parameter, in its own units (not on the log scale).
    Float(f64),
    /// The value of an integer parameter.
    Int(i64),
    /// The index of a categorical or ordinal parameter's choice.
    Category(usize),
}

impl Value {
    /// The value as a number: the float, the integer, or the index of the choice.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Float(x) => x,
            Self::Int(x) => x as f64,
            Self::Category(index) => index as f64,
        }
    }

    /// A bit pattern that is equal exactly for equal values (`-0.0` counts as `0.0`).
    pub(crate) fn bits(self) -> (u8, u64) {
        match self {
            Self::Float(x) => (0, (x + 0.0).to_bits()),
            Self::Int(x) => (1, x as u64),
            Self::Category(index) => (2, index as u64),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Value {}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// A literal: a choice of a categorical parameter, or a value in a condition or a document.
///
/// # Examples
/// ```
/// use automl_space::Choice;
///
/// assert_eq!(Choice::from("sgd").as_str(), Some("sgd"));
/// assert!(Choice::Int(2).matches(&Choice::Float(2.0)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Choice {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A finite float.
    Float(f64),
    /// A string.
    Str(String),
}

impl Choice {
    /// Whether both literals denote the same value; `2` and `2.0` do.
    pub fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => *a as f64 == *b,
            _ => self == other,
        }
    }

    /// The string; `None` for other literals.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number; `None` for other literals.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(x) => Some(*x as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Choice {
    /// Reads a literal. An integer beyond 64 signed bits is refused, since it would be rounded.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

/// What a literal may be, for error texts.
const KINDS: &str = "a value is a string, a number, a boolean or null";

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = Choice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a boolean or null")
    }

    fn visit_bool<E>(self, x: bool) -> Result<Choice, E> {
        Ok(Choice::Bool(x))
    }

    fn visit_i64<E>(self, x: i64) -> Result<Choice, E> {
        Ok(Choice::Int(x))
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<Choice, E> {
        let large = |_| E::custom(format_args!("the integer {x} does not fit into 64 signed bits"));
        i64::try_from(x).map(Choice::Int).map_err(large)
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<Choice, E> {
        if x.is_finite() {
            Ok(Choice::Float(x))
        } else {
            Err(E::invalid_value(Unexpected::Float(x), &self))
        }
    }

    fn visit_str<E>(self, x: &str) -> Result<Choice, E> {
        Ok(Choice::Str(x.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Choice, E> {
        Ok(Choice::Null)
    }

    fn visit_none<E>(self) -> Result<Choice, E> {
        Ok(Choice::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Choice, A::Error> {
        Err(A::Error::custom(KINDS))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Choice, A::Error> {
        Err(A::Error::custom(KINDS))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(x) => x.fmt(f),
            Self::Int(x) => x.fmt(f),
            Self::Float(x) => x.fmt(f),
            Self::Str(x) => f.write_str(x),
        }
    }
}

macro_rules! choice_from {
    ($($from:ty => |$x:ident| $choice:expr),* $(,)?) => {$(
        impl From<$from> for Choice {
            fn from($x: $from) -> Self {
                $choice
            }
        }
    )*};
}

choice_from! {
    bool => |x| Self::Bool(x),
    i32 => |x| Self::Int(x.into()),
    i64 => |x| Self::Int(x),
    f64 => |x| Self::Float(x),
    &str => |x| Self::Str(x.to_owned()),
    String => |x| Self::Str(x),
}

/// A list of literals, made from one or several: `when(key, "sgd")`, `when(key, [1, 2])`.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices(pub Vec<Choice>);

impl<T: Into<Choice>> From<T> for Choices {
    fn from(choice: T) -> Self {
        Self(vec![choice.into()])
    }
}

impl<T: Into<Choice>, const N: usize> From<[T; N]> for Choices {
    fn from(choices: [T; N]) -> Self {
        Self(choices.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Choice>> From<Vec<T>> for Choices {
    fn from(choices: Vec<T>) -> Self {
        Self(choices.into_iter().map(Into::into).collect())
    }
}
