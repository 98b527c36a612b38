//! The options of population-based training.

use super::Population;
use automl_study::part::{
    OptionError, PartConfig, SamplerConfig, SchedulerConfig, StudyContext, Supports,
};
use automl_study::{RandomSampler, Sampler, Scheduler};

automl_study::options! {
    /// Population-based training: bad members are replaced by perturbed copies of good ones.
    ///
    /// Sampler and scheduler of this name belong together and have the same options.
    /// Jaderberg et al. (2017), "Population Based Training of Neural Networks".
    pub struct PopulationConfig = "pbt" {
        /// Members of a population.
        pub members: u64 = 20, in at_least(2.0);
        /// Fidelity between comparisons; by default a tenth of the highest.
        pub interval: Option<u64> = None, in at_least(1.0);
    }
}

impl PopulationConfig {
    fn population(&self, study: &StudyContext<'_>) -> Result<Population, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let interval = self.interval.unwrap_or_else(|| (ladder.max().0 / COMPARISONS).max(1));
        let population = Population::new(ladder, self.members, interval);
        let population = population.map_err(|error| error.of(Self::NAME))?;
        Ok(population.with_limit(study.trial_limit))
    }
}

impl SamplerConfig for PopulationConfig {
    const SUPPORTS: Supports = Supports::WITH_FIDELITY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(self.population(study)?.sampler(RandomSampler::from_prior())))
    }
}

impl SchedulerConfig for PopulationConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        Ok(Box::new(self.population(study)?.scheduler()))
    }
}

/// Comparisons between the start and the highest fidelity, unless an interval is given.
const COMPARISONS: u64 = 10;
