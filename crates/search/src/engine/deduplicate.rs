//! Two encodings of one network are one network: it is proposed once.

use automl_arch::NetworkSpace;
use automl_space::Config;
use automl_study::{Cursor, ProposeError, Sampler, View};
use rand::Rng;
use std::collections::{BTreeMap, HashMap};

/// How often another proposal is asked for.
const ATTEMPTS: usize = 64;

/// A sampler whose proposals are networks that no earlier trial has.
///
/// Which networks were tried is a function of the trials, so the sampler's law holds.
#[derive(Debug)]
pub(super) struct DeduplicatingSampler {
    inner: Box<dyn Sampler>,
    networks: NetworkSpace,
    /// What was tried, and the network's fingerprint.
    tried: BTreeMap<u64, (Config, Option<u64>)>,
    /// How many trials have the network of a fingerprint.
    count: HashMap<u64, u32>,
    cursor: Cursor,
}

impl DeduplicatingSampler {
    pub(super) fn new(inner: Box<dyn Sampler>, networks: NetworkSpace) -> Self {
        let (tried, count) = (BTreeMap::new(), HashMap::new());
        Self { inner, networks, tried, count, cursor: Cursor::default() }
    }

    fn fingerprint(&self, config: &Config) -> Option<u64> {
        self.networks.architecture(config).fingerprint().ok()
    }

    fn follow(&mut self, view: &View<'_>) {
        let (changes, cursor) = view.history.since(self.cursor);
        let changed: Vec<u64> = changes.iter().map(|change| change.trial.0).collect();
        self.cursor = cursor;
        for number in changed {
            let Some(config) = view.history.get(number).map(|trial| &trial.config) else {
                continue;
            };
            // Another program may choose the parameters of a running trial one after the other.
            if self.tried.get(&number).is_some_and(|(known, _)| known == config) {
                continue;
            }
            let print = self.fingerprint(config);
            let before = self.tried.insert(number, (config.clone(), print));
            if let Some(count) = before.and_then(|(_, print)| self.count.get_mut(&print?)) {
                *count -= 1;
            }
            if let Some(print) = print {
                *self.count.entry(print).or_default() += 1;
            }
        }
    }

    /// Whether a trial has this network.
    fn has(&self, print: u64) -> bool {
        self.count.get(&print).is_some_and(|count| *count > 0)
    }
}

impl Sampler for DeduplicatingSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.follow(view);
        let is_new = |sampler: &Self, config: &Config| {
            sampler.fingerprint(config).is_some_and(|print| !sampler.has(print))
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

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{BlockSpace, BlockSpaceOptions};
    use automl_numeric::stream;
    use automl_study::{Direction, History, RandomSampler, State, Trial};

    /// Another program's trial becomes another network while it runs.
    #[test]
    fn a_network_that_a_trial_no_longer_has_is_new() {
        let options = BlockSpaceOptions { width: 0.125, ..BlockSpaceOptions::default() };
        let networks = NetworkSpace::Blocks(BlockSpace::new(1, 8, 10, &options).unwrap());
        let space = networks.space().clone();
        let mut sampler =
            DeduplicatingSampler::new(Box::new(RandomSampler::from_prior()), networks.clone());
        let draw = |number| space.sample_prior(&mut stream(number, 0, "test"));
        let print = |config: &Config| networks.architecture(config).fingerprint().unwrap();
        let mut history = History::new(vec![Direction::Minimize]);
        let mut trial = Trial::waiting(0, draw(0));
        trial.state = State::Running;
        history.push(trial.clone()).unwrap();
        let mut follow = |history: &History| {
            let (number, seed) = (history.next_id(), 0);
            let (planned_trials, ladder, target) = (None, None, None);
            let space = &space;
            sampler.follow(&View { space, history, number, seed, planned_trials, ladder, target });
            [0, 1].map(|number| sampler.has(print(&draw(number))))
        };
        assert_ne!(print(&draw(0)), print(&draw(1)));
        assert_eq!(follow(&history), [true, false]);
        trial.config = draw(1);
        history.update(trial).unwrap();
        assert_eq!(follow(&history), [false, true]);
    }
}
