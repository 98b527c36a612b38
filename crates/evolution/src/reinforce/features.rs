//! Features of earlier decisions, on which each decision of the controller depends.

use automl_space::{Domain, Space, Value};

/// The places of the features: a constant, the weights of several objectives, and for each parameter
/// in order one column (a number) or one for each choice.
#[derive(Clone, Debug)]
pub(super) struct Features {
    /// The number of weights; 0 for one objective.
    weights: usize,
    /// The first column of each parameter, and behind them the number of columns.
    offsets: Vec<usize>,
    /// The length of one decision's features: all earlier decisions together count as much as the
    /// constant.
    scale: f64,
}

impl Features {
    pub(super) fn new(space: &Space, objectives: usize) -> Self {
        let weights = if objectives > 1 { objectives } else { 0 };
        let mut offsets = vec![1 + weights];
        for param in space.params() {
            let columns = match param.domain() {
                Domain::Categorical(d) if !d.ordered() => d.choices().len(),
                _ => 1,
            };
            offsets.push(offsets[offsets.len() - 1] + columns);
        }
        let scale = 1.0 / (space.len().max(2) as f64 - 1.0).sqrt();
        Self { weights, offsets, scale }
    }

    /// The number of features that are known before a parameter is decided.
    pub(super) fn width_before(&self, parameter: usize) -> usize {
        self.offsets[parameter]
    }

    /// The features before the first decision, with zeros for all decisions.
    pub(super) fn start(&self, weights: &[f64]) -> Vec<f64> {
        let mut features = vec![0.0; self.offsets[self.offsets.len() - 1]];
        features[0] = 1.0;
        for (feature, weight) in features[1..=self.weights].iter_mut().zip(weights) {
            *feature = 2.0 * (weight - 1.0 / self.weights as f64);
        }
        features
    }

    /// Writes a decision.
    pub(super) fn put(
        &self,
        features: &mut [f64],
        parameter: usize,
        domain: &Domain,
        value: Value,
    ) {
        let columns = &mut features[self.offsets[parameter]..self.offsets[parameter + 1]];
        match (domain, value) {
            (Domain::Categorical(d), Value::Category(index)) if !d.ordered() => {
                columns[index] = self.scale;
            }
            _ => columns[0] = 2.0 * self.scale * (domain.to_unit(value) - 0.5),
        }
    }
}
