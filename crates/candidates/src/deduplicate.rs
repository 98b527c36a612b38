//! Proposals without repeated networks: two encodings of one network are one candidate.

use crate::candidate::Candidates;
use crate::tried::Tried;
use automl_space::{Config, Value};
use automl_study::{ProposeError, Sampler, Sources, View};
use rand::{Rng, RngExt};
use std::collections::HashMap;

/// Replacements that are drawn around a repeated proposal, and then from the prior.
const ATTEMPTS: usize = 64;

/// A network and, where recipes are searched too, the values of its recipe.
type Identity = (u64, Vec<Option<Value>>);

/// A sampler that proposes only networks that no earlier trial has.
#[derive(Debug)]
pub struct DeduplicatingSampler<S> {
    inner: S,
    candidates: Candidates,
    /// The network of each trial, with its recipe.
    tried: Tried<Option<Identity>>,
    /// The number of trials with a network.
    count: HashMap<Identity, u32>,
}

impl<S: Sampler> DeduplicatingSampler<S> {
    /// Wraps a sampler.
    pub fn new(inner: S, candidates: Candidates) -> Self {
        Self { inner, candidates, tried: Tried::default(), count: HashMap::new() }
    }

    fn follow(&mut self, view: &View<'_>) {
        let Self { candidates, tried, count, .. } = self;
        let changed = |former: Option<Option<Identity>>, now: &Option<Identity>| {
            if let Some(trials) = former.flatten().and_then(|id| count.get_mut(&id)) {
                *trials -= 1;
            }
            if let Some(id) = now {
                *count.entry(id.clone()).or_default() += 1;
            }
        };
        tried.follow(view.history, |config| id(candidates, config), changed);
    }

    /// Whether a trial has this network.
    fn has(&self, id: &Identity) -> bool {
        self.count.get(id).is_some_and(|trials| *trials > 0)
    }

    fn is_new(&self, view: &View<'_>, config: &Config) -> bool {
        id(&self.candidates, config).is_some_and(|id| !self.has(&id)) && view.space.allows(config)
    }
}

fn id(candidates: &Candidates, config: &Config) -> Option<Identity> {
    let candidate = candidates.of(config).ok()?;
    Some((candidate.id, candidates.networks().recipe_values(config)))
}

impl<S: Sampler> Sampler for DeduplicatingSampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.follow(view);
        let proposal = self.inner.propose(view, rng)?;
        if self.is_new(view, &proposal) {
            return Ok(proposal);
        }
        // Close to the proposal first, then from the prior.
        for attempt in 0..2 * ATTEMPTS {
            let other = if attempt < ATTEMPTS {
                let rate = (attempt + 1) as f64 / ATTEMPTS as f64;
                view.space.build_config(|index, param| match proposal.value(index) {
                    Some(value) if rng.random::<f64>() >= rate => value,
                    _ => param.sample_prior(rng),
                })
            } else {
                view.space.sample_prior(rng)
            };
            if self.is_new(view, &other) {
                return Ok(other);
            }
        }
        Ok(proposal)
    }

    fn prepare(&mut self, view: &View<'_>) {
        self.follow(view);
        self.inner.prepare(view);
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.inner.warm_start(sources);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
    use automl_numeric::stream;
    use automl_study::{Direction, History, RandomSampler, State, Trial};
    use std::sync::Arc;

    /// Another program's trial becomes another network while it runs.
    #[test]
    fn a_network_that_a_trial_no_longer_has_is_new() {
        let options = BlockSpaceOptions { width: 0.125, ..BlockSpaceOptions::default() };
        let networks = NetworkSpace::Blocks(BlockSpace::new(1, 8, 10, &options).unwrap());
        let space = networks.space().clone();
        let candidates = Candidates::new(Arc::new(networks));
        let mut sampler =
            DeduplicatingSampler::new(RandomSampler::from_prior(), candidates.clone());
        let draw = |number| space.sample_prior(&mut stream(number, 0, "test"));
        let print = |config: &Config| id(&candidates, config).unwrap();
        let mut history = History::new(vec![Direction::Minimize]);
        let mut trial = Trial::waiting(0, draw(0));
        trial.state = State::Running;
        history.push(trial.clone()).unwrap();
        let mut follow = |history: &History| {
            let (number, seed) = (history.next_id(), 0);
            let (planned_trials, ladder, target) = (None, None, None);
            let space = &space;
            sampler.follow(&View { space, history, number, seed, planned_trials, ladder, target });
            [0, 1].map(|number| sampler.has(&print(&draw(number))))
        };
        assert_ne!(print(&draw(0)), print(&draw(1)));
        assert_eq!(follow(&history), [true, false]);
        trial.config = draw(1);
        history.update(trial).unwrap();
        assert_eq!(follow(&history), [false, true]);
    }
}
