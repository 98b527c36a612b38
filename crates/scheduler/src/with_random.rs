//! A sampler that leaves a share of the proposals to chance.

use crate::setting::{self, SettingError};
use automl_space::Config;
use automl_study::{ProposeError, RandomSampler, Sampler, View};
use rand::{Rng, RngExt};

/// Proposes at random with a fixed probability, else what another sampler proposes: whatever the
/// model believes, every configuration keeps a chance. With TPE inside and [`crate::Hyperband`] as
/// the scheduler this is BOHB.
///
/// # Source
/// Falkner, Klein & Hutter (2018), "BOHB: Robust and Efficient Hyperparameter Optimization at
/// Scale", ICML, algorithm 2 (their share is 1/3).
#[derive(Clone, Debug)]
pub struct WithRandom<S> {
    share: f64,
    inner: S,
}

impl<S: Sampler> WithRandom<S> {
    /// `share` of the proposals are random.
    ///
    /// # Errors
    /// [`SettingError::Share`] unless the share lies between 0 and 1.
    pub fn new(inner: S, share: f64) -> Result<Self, SettingError> {
        Ok(Self { share: setting::share("of random proposals", share)?, inner })
    }

    /// BOHB's third.
    pub fn third(inner: S) -> Self {
        Self { share: 1.0 / 3.0, inner }
    }
}

impl<S: Sampler> Sampler for WithRandom<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if rng.random::<f64>() < self.share {
            RandomSampler::uniform().propose(view, rng)
        } else {
            self.inner.propose(view, rng)
        }
    }
}
