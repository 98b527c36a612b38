//! The start-up design: proposals before the first model.

use crate::{View, sobol_point};
use automl_space::Config;
use rand::Rng;

impl View<'_> {
    /// The size of the start-up design: `wanted`, but at most a quarter of the planned trials (and
    /// that at least 2).
    pub fn startup_trials(&self, wanted: usize) -> usize {
        let quarter =
            self.planned_trials.map_or(usize::MAX, |planned| (planned / 4).max(2) as usize);
        wanted.min(quarter)
    }

    /// A point of the Sobol sequence, or a draw from the users' priors if there are any; allowed and
    /// new where possible.
    pub fn startup_proposal(&self, rng: &mut dyn Rng) -> Config {
        let config = if self.space.params().iter().any(|param| param.prior().is_some()) {
            self.space.sample_prior(rng)
        } else {
            self.space.decode(&sobol_point(self.number.0, self.space.len(), self.seed))
        };
        let config = if self.space.allows(&config) { config } else { self.space.sample(rng) };
        self.deduplicated(config, rng)
    }
}
