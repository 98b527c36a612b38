//! The trait of samplers and what they see.

use crate::{Fidelity, History, Ladder, Sources, TrialId};
use automl_space::{Config, Space};
use rand::{Rng, RngExt};
use std::fmt;
use thiserror::Error;

/// Why a sampler has no proposal.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ProposeError {
    /// The sampler cannot serve a study of this kind.
    #[error("the sampler {sampler:?} does not support {what}")]
    Unsupported {
        /// The sampler.
        sampler: &'static str,
        /// What it does not support.
        what: String,
    },
}

/// The state of a study as a sampler sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What may be chosen.
    pub space: &'a Space,
    /// What was tried, including what is running and paused.
    pub history: &'a History,
    /// The number of the trial that the proposal is for.
    pub number: TrialId,
    /// The study's seed.
    pub seed: u64,
    /// How many trials are planned in all, where that is known.
    pub planned_trials: Option<u64>,
    /// The fidelities, where the study has some.
    pub ladder: Option<&'a Ladder>,
    /// The fidelity that the trial will first be trained to; the highest if absent.
    pub target: Option<Fidelity>,
}

/// Proposes configurations.
///
/// **The law**: a proposal is a function of the view (space, trials, seed, number, planned trials, target)
/// and of the draws from `rng`, which is keyed by seed and number. A sampler may keep caches, but a
/// fresh one given the same view proposes the same configuration. It follows that the order of the
/// history's log must not matter, only its trials.
pub trait Sampler: Send + fmt::Debug {
    /// The next configuration.
    ///
    /// # Errors
    /// [`ProposeError`] if the study is of a kind that the sampler cannot serve.
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError>;

    /// Prepares the next proposal ahead of time, between requests. By the law it changes no proposal.
    /// The default does nothing.
    fn prepare(&mut self, _view: &View<'_>) {}

    /// Takes up what earlier studies tell of the space, before the first proposal. By the law the
    /// proposals are then a function of the view and of these sources. The default does nothing.
    fn warm_start(&mut self, _sources: &Sources) {}

    /// How many of [`Sources::first`] are to be tried before the sampler is asked. The default wants all
    /// of them.
    fn first_wanted(&self, _sources: &Sources) -> usize {
        usize::MAX
    }

    /// The complete, feasible trial with the least expected loss under the sampler's model, where that
    /// knows the losses to be noisy; `None` where it does not, or there is no model. The default has
    /// none.
    fn recommend(&mut self, _view: &View<'_>) -> Option<TrialId> {
        None
    }
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        (**self).propose(view, rng)
    }

    fn prepare(&mut self, view: &View<'_>) {
        (**self).prepare(view);
    }

    fn warm_start(&mut self, sources: &Sources) {
        (**self).warm_start(sources);
    }

    fn first_wanted(&self, sources: &Sources) -> usize {
        (**self).first_wanted(sources)
    }

    fn recommend(&mut self, view: &View<'_>) -> Option<TrialId> {
        (**self).recommend(view)
    }
}

impl View<'_> {
    /// The configuration itself if it is new and allowed, else one that is and is close to it where
    /// one is left; a repetition only where all that is allowed was tried. What the constraints
    /// forbid is returned only where nothing else is found.
    pub fn deduplicated(&self, config: Config, rng: &mut dyn Rng) -> Config {
        let is_new = |c: &Config| !self.history.seen(c) && self.space.allows(c);
        if is_new(&config) {
            return config;
        }
        // Ever wider changes around the proposal, then anywhere.
        for attempt in 0..64 {
            let rate = 0.1 + 0.9 * f64::from(attempt) / 64.0;
            let other = self.space.build_config(|index, param| match config.value(index) {
                Some(value) if rng.random::<f64>() >= rate => value,
                _ => param.domain().sample(rng),
            });
            if is_new(&other) {
                return other;
            }
        }
        let mut allowed = self.space.allows(&config).then_some(config.clone());
        for _ in 0..64 {
            let other = self.space.sample(rng);
            if is_new(&other) {
                return other;
            }
            // What a thousand draws do not find, more will not.
            if !self.space.allows(&other) {
                break;
            }
            allowed.get_or_insert(other);
        }
        self.left_over(&is_new, rng)
            .or(allowed)
            .or_else(|| self.left_over(&|c| self.space.allows(c), rng))
            .unwrap_or(config)
    }

    /// A configuration that suits, in a finite space of at most 2^17 points, found by going through
    /// all of them from a random one on.
    fn left_over(&self, suits: &dyn Fn(&Config) -> bool, rng: &mut dyn Rng) -> Option<Config> {
        let size = self.space.size().filter(|size| *size <= 1 << 17)?;
        let start = rng.random_range(0..size) as usize;
        let all = || self.space.configs().into_iter().flatten();
        all().skip(start).chain(all().take(start)).find(suits)
    }
}
