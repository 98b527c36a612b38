//! A trained network of which every candidate is a part.

use super::plan::Plan;
use automl_candidates::{Candidate, ElasticSpace};
use automl_data::Recipe;
use automl_train::{Device, Evaluation, Part, TrainError, Training};
use std::time::Instant;

/// Seconds of training on an image for one of evaluation: the pass backward costs about two forward.
const TRAINING: f64 = 3.0;

/// A trained network of which every candidate is a part.
#[derive(Debug)]
pub(super) struct Supernet<'a> {
    pub(super) space: &'a ElasticSpace,
    pub(super) training: Training,
}

impl Supernet<'_> {
    fn part(&self, candidate: &Candidate) -> Part {
        let layers = self.space.layers(&candidate.config);
        Part { architecture: candidate.architecture.clone(), layers }
    }

    /// Evaluates a candidate with its share of the weights on all validation images, and the seconds that an
    /// epoch of its training would take on the images of the search.
    pub(super) fn judge(
        &self,
        plan: &Plan,
        candidate: &Candidate,
    ) -> Result<(Evaluation, f64), TrainError> {
        let start = Instant::now();
        let (train, validation) = (&plan.data.train, &plan.data.validation);
        let (_, evaluation) = self.training.evaluate_part(&self.part(candidate), validation)?;
        let calibrated = Part::CALIBRATION * self.training.recipe().batch;
        let seen = validation.len() + calibrated.min(train.len());
        let share = plan.search_data.train.len() as f64 / seen.max(1) as f64;
        Ok((evaluation, TRAINING * share * start.elapsed().as_secs_f64()))
    }

    /// A final training that starts from a candidate's share of the weights.
    pub(super) fn inherit(
        &self,
        plan: &Plan,
        candidate: &Candidate,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
    ) -> Result<Training, TrainError> {
        let weights = self.training.part(&self.part(candidate))?.tensors();
        let (network, data) = (&candidate.architecture, &plan.data);
        Training::with_weights(network, weights, data, recipe, seed, device)
    }
}
