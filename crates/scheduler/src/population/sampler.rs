//! The sampler of a population.

use super::Population;
use super::decide::Due;
use super::explore::perturbed;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, Sources, View};
use rand::Rng;

/// The sampler of a [`Population`].
///
/// # Examples
/// The initial members come from the inner sampler:
/// ```
/// use automl_scheduler::Population;
/// use automl_space::Space;
/// use automl_study::{Ladder, RandomSampler, Study};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let ladder = Ladder::new("epoch", 1, 10, true)?;
/// let population = Population::new(&ladder, 4, 2)?;
/// let sampler = population.sampler(RandomSampler::from_prior());
/// let mut study = Study::builder(space.clone())
///     .sampler(sampler)
///     .scheduler(ladder, population.scheduler())
///     .build()?;
/// let mut random = Study::builder(space).sampler(RandomSampler::from_prior()).build()?;
/// for _ in 0..4 {
///     assert_eq!(study.ask()?.config, random.ask()?.config);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PopulationSampler<S> {
    pub(super) population: Population,
    pub(super) inner: S,
}

impl<S: Sampler> Sampler for PopulationSampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.population.follow(view.history);
        let parent = match self.population.due(view.history) {
            Some(Due::Exploit { parent, .. }) => view.history.get(parent),
            _ => None,
        };
        match parent {
            Some(parent) => {
                let config = perturbed(view.space, &parent.config, rng);
                Ok(view.deduplicated(config, rng))
            }
            None => self.inner.propose(view, rng),
        }
    }

    fn prepare(&mut self, view: &View<'_>) {
        self.population.follow(view.history);
        if !matches!(self.population.due(view.history), Some(Due::Exploit { .. })) {
            self.inner.prepare(view);
        }
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.inner.warm_start(sources);
    }
}
