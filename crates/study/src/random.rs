//! Random search.

use crate::part::{OptionError, SamplerConfig, StudyContext};
use crate::{ProposeError, Sampler, View};
use automl_space::Config;
use rand::Rng;

/// Uniform random search, or draws from the space's priors.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_study::{RandomSampler, Study};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let mut study =
///     Study::builder(space.build()?).sampler(RandomSampler::uniform()).seed(1).build()?;
/// assert_ne!(study.ask()?.config, study.ask()?.config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Bergstra & Bengio (2012), "Random Search for Hyper-Parameter Optimization", JMLR 13.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomSampler {
    from_prior: bool,
}

impl RandomSampler {
    /// Uniform draws.
    pub fn uniform() -> Self {
        Self { from_prior: false }
    }

    /// Draws from the priors; uniform for parameters without one.
    pub fn from_prior() -> Self {
        Self { from_prior: true }
    }
}

impl Sampler for RandomSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let config =
            if self.from_prior { view.space.sample_prior(rng) } else { view.space.sample(rng) };
        Ok(view.deduplicated(config, rng))
    }
}

crate::options! {
    /// Uniform random search.
    ///
    /// Bergstra & Bengio (2012), "Random Search for Hyper-Parameter Optimization", JMLR 13.
    pub struct RandomConfig = "random" {}
}

impl SamplerConfig for RandomConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(RandomSampler::uniform()))
    }
}

crate::options! {
    /// Random draws from the priors of the space; uniform for parameters without a prior.
    pub struct PriorConfig = "prior" {}
}

impl SamplerConfig for PriorConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(RandomSampler::from_prior()))
    }
}
