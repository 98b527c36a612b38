//! Finite spaces: the number of configurations and their enumeration.

use crate::{Config, Domain, Space, Value};

/// The number of combinations of parents' values that are enumerated before the size counts as
/// unknown.
const WORK: usize = 1 << 20;

impl Space {
    /// The number of distinct configurations, constraints aside; saturates at `u128::MAX`.
    ///
    /// `None` where some parameter is a continuum, or where the parents of one connected group of
    /// conditions have more than about a million combinations of values.
    ///
    /// # Examples
    /// ```
    /// # use automl_space::Space;
    /// let mut builder = Space::builder();
    /// let pool = builder.choice("pool", ["none", "max"]).add()?;
    /// builder.int("size", 2..=4).when(pool, "max").add()?;
    /// let space = builder.build()?;
    /// assert_eq!(space.size(), Some(1 + 3));
    /// assert_eq!(space.configs().map(Iterator::count), Some(4));
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn size(&self) -> Option<u128> {
        let counts = self.cardinalities()?;
        // The conditions' connected components are independent, so their sizes multiply.
        let mut group: Vec<usize> = (0..self.len()).collect();
        let mut is_parent = vec![false; self.len()];
        for (child, param) in self.params().iter().enumerate() {
            for clause in param.condition().into_iter().flat_map(|c| &c.clauses) {
                is_parent[clause.parent] = true;
                let (from, to) = (group[child], group[clause.parent]);
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
        let mut work = WORK;
        let mut size = 1_u128;
        for root in 0..self.len() {
            let members: Vec<usize> = (0..self.len()).filter(|i| group[*i] == root).collect();
            let count = Counter { space: self, counts: &counts, is_parent: &is_parent };
            let mut config = Config::empty(self.len());
            size = size.saturating_mul(count.count(&members, &mut config, &mut work)?);
        }
        Some(size)
    }

    /// Enumerates the configurations of a finite space, each once, the last parameter varying
    /// fastest; `None` where some parameter is a continuum. Constraints are not applied: filter with
    /// [`Space::allows`].
    pub fn configs(&self) -> Option<impl Iterator<Item = Config> + '_> {
        let counts = self.cardinalities()?;
        let mut digits = vec![0_u128; self.len()];
        let mut done = false;
        Some(std::iter::from_fn(move || {
            if done {
                return None;
            }
            let config = self.build_config(|i, param| param.domain().nth(digits[i]));
            let next = (0..digits.len())
                .rev()
                .find(|i| config.value(*i).is_some() && digits[*i] + 1 < counts[*i]);
            match next {
                Some(i) => {
                    digits[i] += 1;
                    digits[i + 1..].fill(0);
                }
                None => done = true,
            }
            Some(config)
        }))
    }

    fn cardinalities(&self) -> Option<Vec<u128>> {
        self.params().iter().map(|param| param.domain().cardinality()).collect()
    }
}

/// Counts configurations by enumerating the values of parents only.
struct Counter<'a> {
    space: &'a Space,
    counts: &'a [u128],
    is_parent: &'a [bool],
}

impl Counter<'_> {
    /// The number of assignments to the members, given the values of the parents so far.
    fn count(&self, members: &[usize], config: &mut Config, work: &mut usize) -> Option<u128> {
        let mut size = 1_u128;
        for (at, &index) in members.iter().enumerate() {
            if !self.space.is_active(index, config) {
                continue;
            }
            if !self.is_parent[index] {
                size = size.saturating_mul(self.counts[index]);
                continue;
            }
            let mut sum = 0_u128;
            for k in 0..self.counts[index] {
                *work = work.checked_sub(1)?;
                config.set(index, Some(self.space.params()[index].domain().nth(k)));
                sum = sum.saturating_add(self.count(&members[at + 1..], config, work)?);
            }
            config.set(index, None);
            return Some(size.saturating_mul(sum));
        }
        Some(size)
    }
}

impl Domain {
    /// The `k`-th value of a finite domain, counted from 0; the last where there are fewer, the lower
    /// bound of a continuum.
    pub fn nth(&self, k: u128) -> Value {
        let k = k.min(self.cardinality().unwrap_or(1) - 1);
        match self {
            Self::Float(d) => {
                let x = d.low() + k as f64 * d.step().unwrap_or(0.0);
                Value::Float(x.clamp(d.low(), d.high()))
            }
            // The last value is `high`, so the sum, taken modulo 2^64, does not wrap around.
            Self::Int(d) => Value::Int(d.low().wrapping_add((k as i64).wrapping_mul(d.step()))),
            Self::Categorical(_) => Value::Category(k as usize),
        }
    }
}
