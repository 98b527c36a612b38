//! Types of arguments.

use super::item::Item;
use crate::activation::Activation;

/// A type that an argument of a block may have.
pub(crate) trait Value: Sized {
    /// Allowed values, for error texts.
    const EXPECTED: &'static str;

    /// The value that an item of a row stands for.
    fn read(item: &Item) -> Option<Self>;

    /// The text in a row.
    fn written(&self) -> String;

    /// The number to be checked against the argument's range, if there is one.
    fn number(&self) -> Option<f64> {
        None
    }
}

impl Value for usize {
    const EXPECTED: &'static str = "a whole number";

    fn read(item: &Item) -> Option<Self> {
        item.size()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn number(&self) -> Option<f64> {
        Some(*self as f64)
    }
}

impl Value for f64 {
    const EXPECTED: &'static str = "a number";

    fn read(item: &Item) -> Option<Self> {
        item.number()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "0 or 1";

    fn read(item: &Item) -> Option<Self> {
        match item {
            Item::Bool(value) => Some(*value),
            Item::Int(0) => Some(false),
            Item::Int(1) => Some(true),
            _ => None,
        }
    }

    fn written(&self) -> String {
        u8::from(*self).to_string()
    }
}

/// Padding, `null` for half of the kernel. The public generators read 0 as `null`.
impl Value for Option<usize> {
    const EXPECTED: &'static str = "null or a whole number";

    fn read(item: &Item) -> Option<Self> {
        match item {
            Item::Null => Some(None),
            item => item.size().map(|padding| (padding > 0).then_some(padding)),
        }
    }

    fn written(&self) -> String {
        match self {
            None | Some(0) => "null".to_owned(),
            Some(padding) => padding.to_string(),
        }
    }
}

impl Value for Activation {
    const EXPECTED: &'static str = "null or an activation of torch.nn";

    fn read(item: &Item) -> Option<Self> {
        match item {
            Item::Null => Some(Self::Identity),
            Item::Text(name) => Self::from_name(name),
            _ => None,
        }
    }

    fn written(&self) -> String {
        self.name().to_owned()
    }
}
