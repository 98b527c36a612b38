//! The start-up design: proposals before the first model.

use automl_space::Config;
use automl_study::{View, sobol_point};
use rand::Rng;

/// The size of the start-up design: `wanted`, but at most a quarter of the planned trials (and that at
/// least 2).
pub(crate) fn startup_trials(view: &View<'_>, wanted: usize) -> usize {
    let quarter = view.planned_trials.map_or(usize::MAX, |planned| (planned / 4).max(2) as usize);
    wanted.min(quarter)
}

/// A point of the Sobol sequence, or a draw from the users' priors if there are any.
pub(crate) fn startup_proposal(view: &View<'_>, rng: &mut dyn Rng) -> Config {
    let config = if view.space.params().iter().any(|param| param.prior().is_some()) {
        view.space.sample_prior(rng)
    } else {
        view.space.decode(&sobol_point(view.number.0, view.space.len(), view.seed))
    };
    let config = if view.space.allows(&config) { config } else { view.space.sample(rng) };
    view.deduplicated(config, rng)
}
