//! The prior mean of a Gaussian process as a weighted sum of other processes.

use super::{Results, SourceSurrogate};
use crate::regression::PriorMean;
use crate::surrogate::matrix;
use nalgebra::DMatrix;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// One term of a [`Trend`].
#[derive(Clone, Debug)]
pub(crate) struct WeightedSource {
    pub(crate) weight: f64,
    pub(crate) surrogate: Arc<SourceSurrogate>,
}

/// A prior mean: the weighted predictions of sources, and a constant. `shift + sum_s w_s m_s(x)`
#[derive(Clone, Debug, Default)]
pub(crate) struct Trend {
    pub(crate) parts: Vec<WeightedSource>,
    pub(crate) shift: f64,
    /// The posterior probability that some source says something about the study, in `[0, 1)`.
    pub(crate) trust: f64,
    /// The results by which the sources are weighted.
    pub(crate) results: Results,
}

impl Trend {
    /// The prediction of the sources at one row less their mean one at the results, in standard deviations of
    /// their outputs.
    pub(crate) fn contrast(&self, row: &[f64]) -> f64 {
        let unit: f64 = self.parts.iter().map(|part| part.weight).sum();
        self.values(&matrix(&[row]))[0] / unit.max(1e-300)
    }
}

impl PriorMean for Trend {
    fn values(&self, rows: &DMatrix<f64>) -> Vec<f64> {
        let mut values = vec![self.shift; rows.nrows()];
        for part in &self.parts {
            let means = part.surrogate.means(rows);
            values.iter_mut().zip(means).for_each(|(v, m)| *v += part.weight * m);
        }
        values
    }

    fn value_and_gradient(&self, row: &[f64], gradient: &mut [f64]) -> f64 {
        let mut value = self.shift;
        for part in &self.parts {
            value += part.weight * part.surrogate.add_gradient(row, part.weight, gradient);
        }
        value
    }

    /// Surrogates are functions of the sources, which do not change.
    fn fingerprint(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.shift.to_bits().hash(&mut hasher);
        self.parts.iter().for_each(|part| part.weight.to_bits().hash(&mut hasher));
        hasher.finish()
    }
}
