//! The sampler that chooses a sampler.

use automl_gp::GpSampler;
use automl_space::Config;
use automl_study::{ProposeError, RandomSampler, Sampler, View};
use automl_tpe::TpeSampler;
use rand::Rng;

/// Trials up to which the Gaussian process proposes: its cost grows with the cube of their number.
const GP_TRIALS: usize = 150;

/// Gaussian processes while trials are few, TPE from then on.
#[derive(Debug, Default)]
pub struct AutoSampler {
    gp: GpSampler,
    tpe: TpeSampler,
}

impl Sampler for AutoSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if view.ladder.is_some() {
            return RandomSampler::from_prior().propose(view, rng);
        }
        if view.history.len() < GP_TRIALS {
            self.gp.propose(view, rng)
        } else {
            self.tpe.propose(view, rng)
        }
    }
}
