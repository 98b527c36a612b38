//! An ordered set split into its best part and the rest.

use std::collections::BTreeSet;

/// Distinct elements of which the best are kept apart: `size(n, parameter)` of `n`. Every change takes
/// `O(log n)`.
#[derive(Clone, Debug)]
pub(crate) struct TopShare<K> {
    best: BTreeSet<K>,
    rest: BTreeSet<K>,
    size: fn(usize, f64) -> usize,
    parameter: f64,
}

impl<K: Ord + Copy> TopShare<K> {
    /// Creates an empty set; `size` must not change by more than `n` does.
    pub(crate) fn new(size: fn(usize, f64) -> usize, parameter: f64) -> Self {
        Self { best: BTreeSet::new(), rest: BTreeSet::new(), size, parameter }
    }

    pub(crate) fn len(&self) -> usize {
        self.best.len() + self.rest.len()
    }

    pub(crate) fn insert(&mut self, element: K) {
        if self.best.last().is_some_and(|worst| element < *worst) {
            self.best.insert(element);
        } else {
            self.rest.insert(element);
        }
        self.settle();
    }

    pub(crate) fn remove(&mut self, element: &K) {
        if !self.best.remove(element) {
            self.rest.remove(element);
        }
        self.settle();
    }

    pub(crate) fn clear(&mut self) {
        self.best.clear();
        self.rest.clear();
    }

    /// Whether an element belongs to the best.
    pub(crate) fn is_best(&self, element: &K) -> bool {
        self.best.contains(element)
    }

    /// The best, best first.
    pub(crate) fn best(&self) -> impl Iterator<Item = &K> {
        self.best.iter()
    }

    /// The worst of the best.
    pub(crate) fn threshold(&self) -> Option<K> {
        self.best.last().copied()
    }

    fn settle(&mut self) {
        let n = self.len();
        let size = (self.size)(n, self.parameter).min(n);
        while self.best.len() > size
            && let Some(element) = self.best.pop_last()
        {
            self.rest.insert(element);
        }
        while self.best.len() < size
            && let Some(element) = self.rest.pop_first()
        {
            self.best.insert(element);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_kept_apart(
            changes in proptest::collection::vec((any::<bool>(), 0u8..40), 0..120),
            divisor in 1.1f64..5.0,
        ) {
            let mut split = TopShare::new(|n, divisor| (n as f64 / divisor).floor() as usize, divisor);
            let mut all = BTreeSet::new();
            for (insert, element) in changes {
                if insert && all.insert(element) {
                    split.insert(element);
                } else if !insert {
                    all.remove(&element);
                    split.remove(&element);
                }
                let n = all.len();
                let size = (n as f64 / divisor).floor() as usize;
                prop_assert_eq!(split.len(), n);
                prop_assert_eq!(split.threshold(), size.checked_sub(1).and_then(|i| all.iter().nth(i)).copied());
                for (rank, element) in all.iter().enumerate() {
                    prop_assert_eq!(split.is_best(element), rank < size);
                }
            }
        }
    }
}
