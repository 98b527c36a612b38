//! The usual recipe in the first trials of a search for recipes.

use crate::candidate::Candidates;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, Sources, View};
use rand::Rng;

/// One of so many trials is among the first.
const FIRST: u64 = 4;

/// Trials with the usual recipe where their number is not planned.
const UNPLANNED: u64 = 10;

/// A sampler around another one. Its first proposals, a quarter of the planned trials, keep the
/// [usual](crate::ArchitectureSpace::usual) recipe of the settings: the search starts from what is
/// known to work, and other recipes are compared with it.
#[derive(Debug)]
pub struct UsualRecipeSampler<S> {
    inner: S,
    candidates: Candidates,
}

impl<S: Sampler> UsualRecipeSampler<S> {
    /// Wraps a sampler.
    pub fn new(inner: S, candidates: Candidates) -> Self {
        Self { inner, candidates }
    }
}

impl<S: Sampler> Sampler for UsualRecipeSampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let config = self.inner.propose(view, rng)?;
        let first = view.planned_trials.map_or(UNPLANNED, |trials| trials.div_ceil(FIRST));
        Ok(if view.number.0 < first { self.candidates.networks().usual(&config) } else { config })
    }

    fn prepare(&mut self, view: &View<'_>) {
        self.inner.prepare(view);
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.inner.warm_start(sources);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecipeSpace;
    use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
    use automl_data::{DataSplits, Dataset, Recipe};
    use automl_study::{RandomSampler, Study};
    use std::sync::Arc;

    #[test]
    fn a_quarter_of_the_trials_begins_with_the_usual_recipe() {
        let blocks = BlockSpace::new(1, 8, 10, &BlockSpaceOptions::default()).unwrap();
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let recipe = Recipe::for_data(&data, 9);
        let networks = Arc::new(NetworkSpace::Blocks(blocks));
        let joint = RecipeSpace::new(networks, &recipe).unwrap();
        let candidates = Candidates::new(Arc::new(joint));
        let inner = RandomSampler::from_prior();
        let sampler = UsualRecipeSampler::new(inner, candidates.clone());
        let mut study = Study::builder(candidates.space().clone())
            .sampler(Box::new(sampler))
            .planned_trials(12)
            .build()
            .unwrap();
        let usual: Vec<bool> = (0..12)
            .map(|_| {
                let trial = study.ask().unwrap();
                study.tell(trial.number, 0.0).unwrap();
                let tuned = candidates.tuned(&trial.config, &recipe);
                (tuned.learning_rate / recipe.learning_rate - 1.0).abs() < 1e-6
            })
            .collect();
        let expected: Vec<bool> = (0..12).map(|number| number < 3).collect();
        assert_eq!(usual, expected);
    }
}
