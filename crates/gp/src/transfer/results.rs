//! Results of a study beside what the sources predicted of them.

use automl_study::{ranking_evidence, ranking_weights};

/// Results with the predictions of sources, by which the sources are weighted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// `[sources][n]`
    pub(crate) predictions: Vec<Vec<f64>>,
    /// The weight of each source ([`ranking_weights`]).
    pub(crate) weights: Vec<f64>,
    /// `[n]`
    losses: Vec<f64>,
    /// Only results at one fidelity are compared. `[n]`
    fidelities: Vec<f64>,
}

impl Results {
    pub(crate) fn new(predictions: Vec<Vec<f64>>, losses: Vec<f64>, fidelities: Vec<f64>) -> Self {
        let alike = |i: usize, j: usize| fidelities[i] == fidelities[j];
        let weights = ranking_weights(&predictions, &losses, alike);
        Self { predictions, weights, losses, fidelities }
    }

    /// What they can tell about the sources ([`ranking_evidence`]).
    pub(crate) fn evidence(&self) -> f64 {
        let alike = |i: usize, j: usize| self.fidelities[i] == self.fidelities[j];
        ranking_evidence(&self.predictions, &self.losses, &self.weights, alike)
    }
}
