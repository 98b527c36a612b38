//! Values in a configuration.

use serde::Deserialize;

/// A value of a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Item {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Item>),
}

impl Item {
    /// The value as a whole number that is not negative.
    pub(crate) fn size(&self) -> Option<usize> {
        match self {
            Self::Int(value) => usize::try_from(*value).ok(),
            Self::Float(value) if value.fract() == 0.0 && (0.0..1e9).contains(value) => {
                Some(*value as usize)
            }
            _ => None,
        }
    }

    /// The value as error texts show it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => format!("{value:?}"),
            Self::List(_) => "a list".to_owned(),
        }
    }
}
