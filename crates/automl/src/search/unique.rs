//! Two encodings of one network are one network: it is proposed once.

use automl_models::NetworkSpace;
use automl_space::Config;
use automl_study::{Cursor, ProposeError, Sampler, View};
use rand::Rng;
use std::collections::HashMap;

/// How often another proposal is asked for.
const ATTEMPTS: usize = 64;

/// A sampler whose proposals are networks that no earlier trial has.
///
/// Which networks were tried is a function of the trials, so the sampler's law holds.
#[derive(Debug)]
pub(super) struct UniqueNetworks {
    inner: Box<dyn Sampler>,
    networks: NetworkSpace,
    /// The trial that first had a network, by the network's fingerprint.
    first: HashMap<u64, u64>,
    cursor: Cursor,
}

impl UniqueNetworks {
    pub(super) fn new(inner: Box<dyn Sampler>, networks: NetworkSpace) -> Self {
        Self { inner, networks, first: HashMap::new(), cursor: Cursor::default() }
    }

    fn fingerprint(&self, config: &Config) -> Option<u64> {
        self.networks.architecture(config).fingerprint().ok()
    }

    fn follow(&mut self, view: &View<'_>) {
        let (changes, cursor) = view.history.since(self.cursor);
        let changed: Vec<u64> = changes.iter().map(|change| change.trial).collect();
        self.cursor = cursor;
        for number in changed {
            let config = view.history.get(number).map(|trial| &trial.config);
            if let Some(print) = config.and_then(|config| self.fingerprint(config)) {
                self.first.entry(print).or_insert(number);
            }
        }
    }
}

impl Sampler for UniqueNetworks {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.follow(view);
        let is_new = |sampler: &Self, config: &Config| {
            sampler.fingerprint(config).is_some_and(|print| !sampler.first.contains_key(&print))
                && view.space.allows(config)
        };
        let proposal = self.inner.propose(view, rng)?;
        if is_new(self, &proposal) {
            return Ok(proposal);
        }
        // Close to the proposal first, then from the prior.
        for attempt in 0..2 * ATTEMPTS {
            let other = if attempt < ATTEMPTS {
                let rate = (attempt + 1) as f64 / ATTEMPTS as f64;
                view.space.build_config(|index, param| match proposal.value(index) {
                    Some(value) if uniform(rng) >= rate => value,
                    _ => param.sample_prior(rng),
                })
            } else {
                view.space.sample_prior(rng)
            };
            if is_new(self, &other) {
                return Ok(other);
            }
        }
        Ok(proposal)
    }
}

fn uniform(rng: &mut dyn Rng) -> f64 {
    use rand::RngExt;
    rng.random()
}
