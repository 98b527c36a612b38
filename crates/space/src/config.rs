//! Configurations: the values of the active parameters of a space.

use crate::{Key, Value};
use std::ops::Index;

/// A configuration: a value for each active parameter of a space, none for the inactive ones.
///
/// Two configurations are equal, and have equal hashes, exactly if their active values are equal.
///
/// # Examples
/// ```
/// use automl_space::Space;
///
/// let mut builder = Space::builder();
/// let pool = builder.choice("pool", ["none", "max"]).add()?;
/// let size = builder.int("size", 2..=3).when(pool, "max").add()?;
/// let space = builder.build()?;
///
/// let config = space.config([("pool", "max".into()), ("size", 3.into())])?;
/// assert_eq!((config[pool], config[size]), (1, 3));
/// let without = space.config([("pool", "none".into())])?;
/// assert_eq!(without.get(size), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    values: Box<[Option<Value>]>,
}

impl Config {
    /// Creates a configuration of `len` parameters without values, to be filled in the order of the
    /// space; [`crate::Space::check`] tells whether the result is complete.
    pub fn empty(len: usize) -> Self {
        Self { values: vec![None; len].into_boxed_slice() }
    }

    /// The number of parameters of the space, active or not.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the configuration has room for no parameter.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of the parameter at `index`; `None` if it is inactive or does not exist.
    pub fn value(&self, index: usize) -> Option<Value> {
        self.values.get(index).copied().flatten()
    }

    /// Sets or clears the value at `index`. An index outside the space is ignored.
    pub fn set(&mut self, index: usize, value: Option<Value>) {
        if let Some(slot) = self.values.get_mut(index) {
            *slot = value;
        }
    }

    /// The values in the order of the space; `None` for inactive parameters.
    pub fn values(&self) -> impl Iterator<Item = Option<Value>> + '_ {
        self.values.iter().copied()
    }

    /// The value of a typed key; `None` if the parameter is inactive.
    pub fn get<T: ParamValue>(&self, key: Key<T>) -> Option<T> {
        T::read(self.values.get(key.index())?.as_ref()?).copied()
    }
}

/// The Rust types of parameter values: `f64`, `i64`, and `usize` for the index of a choice.
///
/// The trait is sealed; it bounds the typed access of [`Config::get`] and of indexing.
///
/// # Examples
/// ```
/// use automl_space::{Config, Key, ParamValue};
///
/// fn or_default<T: ParamValue + Default>(config: &Config, key: Key<T>) -> T {
///     config.get(key).unwrap_or_default()
/// }
/// # let mut builder = automl_space::Space::builder();
/// # let size = builder.int("size", 2..=3).add()?;
/// # let space = builder.build()?;
/// assert_eq!(or_default(&Config::empty(space.len()), size), 0);
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
pub trait ParamValue: Copy + sealed::Sealed {
    /// The value if it is of this type.
    fn read(value: &Value) -> Option<&Self>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for usize {}
}

macro_rules! param_value {
    ($($type:ty => $variant:ident),*) => {$(
        impl ParamValue for $type {
            fn read(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(x) => Some(x),
                    _ => None,
                }
            }
        }
    )*};
}

param_value!(f64 => Float, i64 => Int, usize => Category);

impl<T: ParamValue> Index<Key<T>> for Config {
    type Output = T;

    /// The value of a typed key.
    ///
    /// # Panics
    /// If the parameter is inactive; use [`Config::get`] for parameters with a condition.
    fn index(&self, key: Key<T>) -> &T {
        match self.values.get(key.index()).and_then(|v| v.as_ref()).and_then(T::read) {
            Some(value) => value,
            None => panic!("parameter {} is inactive in this configuration", key.index()),
        }
    }
}
