//! The parameters of a space as CMA-ES models them.

use automl_space::{Domain, Space};

/// The largest number of values of a discrete number; domains with more count as continuous.
const MAX_CELLS: u128 = 1000;

/// The parameters with more than one value.
#[derive(Clone, Debug)]
pub(super) struct Axes {
    pub(super) numbers: Vec<Number>,
    /// Indices of the unordered choices.
    pub(super) choices: Vec<usize>,
}

/// A parameter with an ordered domain.
#[derive(Clone, Debug)]
pub(super) struct Number {
    /// Index of the parameter in the space.
    pub(super) index: usize,
    pub(super) domain: Domain,
    /// Boundaries between the cells of a discrete domain in the unit interval, ascending; none for a
    /// continuous one.
    boundaries: Vec<f64>,
}

impl Axes {
    /// The axes of a space.
    pub(super) fn new(space: &Space) -> Self {
        let mut axes = Self { numbers: Vec::new(), choices: Vec::new() };
        for (index, param) in space.params().iter().enumerate() {
            let domain = param.domain().clone();
            match domain.cardinality() {
                Some(1) => {}
                _ if !domain.is_ordered() => axes.choices.push(index),
                count => {
                    let count = count.filter(|n| *n <= MAX_CELLS);
                    let boundaries = count.map_or(Vec::new(), |n| boundaries(&domain, n));
                    axes.numbers.push(Number { index, domain, boundaries });
                }
            }
        }
        axes
    }

    /// The number of axes.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.choices.len()
    }
}

impl Number {
    /// Whether the number counts as continuous.
    pub(super) fn is_continuous(&self) -> bool {
        self.boundaries.is_empty()
    }

    /// The cell of a unit coordinate: its ends, infinite at the edges of the domain.
    pub(super) fn cell(&self, unit: f64) -> (f64, f64) {
        let k = self.boundaries.partition_point(|boundary| *boundary <= unit);
        let below = k.checked_sub(1).map_or(f64::NEG_INFINITY, |k| self.boundaries[k]);
        (below, self.boundaries.get(k).copied().unwrap_or(f64::INFINITY))
    }
}

/// The boundaries between the `count` cells of a discrete domain.
fn boundaries(domain: &Domain, count: u128) -> Vec<f64> {
    match domain {
        Domain::Int(d) if d.log() => {
            let (low, high) = ((d.low() as f64 - 0.5).ln(), (d.high() as f64 + 0.5).ln());
            let boundary = |k: i64| ((k as f64 + 0.5).ln() - low) / (high - low);
            (d.low()..d.high()).map(boundary).collect()
        }
        _ => (1..count).map(|k| k as f64 / count as f64).collect(),
    }
}
