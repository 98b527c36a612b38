//! Typed keys of parameters.

use std::marker::PhantomData;

/// A typed handle of a parameter: `Key<f64>`, `Key<i64>`, or `Key<usize>` for the index of a choice.
///
/// # Examples
/// ```
/// use automl_space::{Key, Space};
///
/// let mut builder = Space::builder();
/// let layers: Key<i64> = builder.int("layers", 1..=7).add()?;
/// let space = builder.build()?;
/// assert_eq!(space.int_key("layers").map(Key::index), Some(layers.index()));
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
pub struct Key<T> {
    index: usize,
    kind: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    pub(crate) fn new(index: usize) -> Self {
        Self { index, kind: PhantomData }
    }

    /// The index of the parameter in its space.
    pub fn index(self) -> usize {
        self.index
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> std::fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.index)
    }
}
