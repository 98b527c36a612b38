//! Recommendations for samplers without a model of noise.

use automl_gp::GpSampler;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, Sources, TrialId, View};
use rand::Rng;

/// A sampler, with the recommendation of a Gaussian process where it has none of its own.
#[derive(Debug)]
pub(crate) struct Recommending {
    sampler: Box<dyn Sampler>,
    gp: GpSampler,
}

impl Recommending {
    pub(crate) fn new(sampler: Box<dyn Sampler>) -> Self {
        Self { sampler, gp: GpSampler::default() }
    }
}

impl Sampler for Recommending {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.sampler.propose(view, rng)
    }

    fn prepare(&mut self, view: &View<'_>) {
        self.sampler.prepare(view);
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.sampler.warm_start(sources);
    }

    fn first_wanted(&self, sources: &Sources) -> usize {
        self.sampler.first_wanted(sources)
    }

    fn recommend(&mut self, view: &View<'_>) -> Option<TrialId> {
        self.sampler.recommend(view).or_else(|| self.gp.recommend(view))
    }
}
