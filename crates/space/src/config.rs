//! Values for the active parameters of one space.

use crate::{Key, Value};
use std::ops::Index;

/// One configuration: for each parameter of its space a value, or nothing where it is inactive.
///
/// Two configurations are equal, and hash alike, exactly if they have the same active values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    values: Box<[Option<Value>]>,
}

impl Config {
    /// No value for any of `len` parameters. Meant for code that fills a configuration in the
    /// order of its space; [`crate::Space::check`] tells whether the result is complete.
    pub fn empty(len: usize) -> Self {
        Self { values: vec![None; len].into_boxed_slice() }
    }

    /// The number of parameters of the space, active or not.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the space has no parameter.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of the parameter with this index; `None` if it is inactive or does not exist.
    pub fn value(&self, index: usize) -> Option<Value> {
        self.values.get(index).copied().flatten()
    }

    /// Sets or clears a value. An index outside the space is ignored.
    pub fn set(&mut self, index: usize, value: Option<Value>) {
        if let Some(slot) = self.values.get_mut(index) {
            *slot = value;
        }
    }

    /// The values in the order of the space.
    pub fn values(&self) -> impl Iterator<Item = Option<Value>> + '_ {
        self.values.iter().copied()
    }

    /// The value behind a typed key; `None` while the parameter is inactive.
    pub fn get<T: Typed>(&self, key: Key<T>) -> Option<T> {
        T::read(self.values.get(key.index())?.as_ref()?).copied()
    }
}

/// The Rust types of parameter values: `f64`, `i64`, and `usize` for the index of a choice.
pub trait Typed: Copy + sealed::Sealed {
    /// Reads the value if it is of this type.
    fn read(value: &Value) -> Option<&Self>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for usize {}
}

macro_rules! typed {
    ($($type:ty => $variant:ident),*) => {$(
        impl Typed for $type {
            fn read(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(x) => Some(x),
                    _ => None,
                }
            }
        }
    )*};
}

typed!(f64 => Float, i64 => Int, usize => Category);

impl<T: Typed> Index<Key<T>> for Config {
    type Output = T;

    /// The value behind a typed key.
    ///
    /// # Panics
    /// If the parameter is inactive, as indexing a slice out of bounds does; use
    /// [`Config::get`] for parameters with a condition.
    fn index(&self, key: Key<T>) -> &T {
        match self.values.get(key.index()).and_then(|v| v.as_ref()).and_then(T::read) {
            Some(value) => value,
            None => panic!("parameter {} is inactive in this configuration", key.index()),
        }
    }
}
