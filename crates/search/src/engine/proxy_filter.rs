//! Proposals that a zero-cost proxy prefers.

use super::plan::Plan;
use super::scores::IMAGES;
use automl_candidates::Candidates;
use automl_numeric::regression::slope;
use automl_numeric::stream;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, Sources, View};
use automl_train::{Score, ScoreBatch};
use rand::Rng;

/// The number of trials with filtered proposals, while the sampler has little data.
const FILTERED: usize = 20;

/// The number of proposals from which one is taken.
const PROPOSALS: usize = 3;

/// The number of networks to which the regression is fitted.
const SAMPLE: u64 = 48;

/// A sampler that takes, in the first trials, the best of three proposals by a zero-cost proxy.
///
/// Proxies grow with the size of a network, which is the other objective. Proposals are therefore
/// compared by the residual of a linear regression of the proxy on the logarithm of the
/// multiply-accumulates, fitted to networks of the prior.
#[derive(Debug)]
pub(super) struct ProxyFilterSampler<S> {
    inner: S,
    candidates: Candidates,
    score: Score,
    batch: ScoreBatch,
    slope: f64,
}

impl<S: Sampler> ProxyFilterSampler<S> {
    /// Fits the regression; `stop` ends it with the networks that were scored by then.
    pub(super) fn new(
        inner: S,
        score: Score,
        plan: &Plan,
        seed: u64,
        stop: &dyn Fn() -> bool,
    ) -> Self {
        let batch = ScoreBatch::new(&plan.search_data, IMAGES, seed);
        let candidates = plan.candidates.clone();
        let mut filtered = Self { inner, candidates, score, batch, slope: 0.0 };
        if score != Score::Params {
            let points: Vec<[f64; 2]> = (0..SAMPLE)
                .take_while(|_| !stop())
                .map(|draw| plan.space.sample_prior(&mut stream(seed, draw, "score sample")))
                .filter_map(|config| {
                    Some([filtered.of(Score::Macs, &config)?, filtered.of(score, &config)?])
                })
                .collect();
            filtered.slope = slope(&points).unwrap_or(0.0);
        }
        filtered
    }

    /// A proxy of a configuration's network, if it is finite.
    fn of(&self, score: Score, config: &Config) -> Option<f64> {
        let network = self.candidates.architecture(config);
        score.of(&network, &self.batch, 0).ok().filter(|score| score.is_finite())
    }

    fn merit(&self, config: &Config) -> f64 {
        let parts = (self.of(self.score, config), self.of(Score::Macs, config));
        match parts {
            (Some(score), Some(macs)) => score - self.slope * macs,
            _ => f64::NEG_INFINITY,
        }
    }
}

impl<S: Sampler> Sampler for ProxyFilterSampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let first = self.inner.propose(view, rng)?;
        if view.number.0 >= FILTERED as u64 {
            return Ok(first);
        }
        let mut best = (self.merit(&first), first);
        for _ in 1..PROPOSALS {
            let other = self.inner.propose(view, rng)?;
            let merit = self.merit(&other);
            if merit > best.0 && view.space.allows(&other) {
                best = (merit, other);
            }
        }
        Ok(best.1)
    }

    fn prepare(&mut self, view: &View<'_>) {
        self.inner.prepare(view);
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.inner.warm_start(sources);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CostObjective, Settings};
    use automl_candidates::{CostDiversitySampler, DeduplicatingSampler};
    use automl_data::{DataSplits, Dataset};
    use automl_study::{RandomSampler, Study};
    use automl_train::cpu;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A sampler that counts the calls to prepare.
    #[derive(Debug)]
    struct Prepared(RandomSampler, Arc<AtomicUsize>);

    impl Sampler for Prepared {
        fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
            self.0.propose(view, rng)
        }

        fn prepare(&mut self, _: &View<'_>) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Preparation reaches the sampler within all others and changes no proposal.
    #[test]
    fn samplers_prepare_the_samplers_within() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let plan = Plan::new(&Settings::default(), data, None, &cpu(), &|| false).unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let study = || {
            let inner = Prepared(RandomSampler::from_prior(), Arc::clone(&calls));
            let candidates = || plan.candidates.clone();
            let (caps, params) = (plan.caps.clone(), CostObjective::Params);
            let sampler = DeduplicatingSampler::new(inner, candidates());
            let sampler = CostDiversitySampler::new(sampler, candidates(), caps, params);
            let sampler = ProxyFilterSampler::new(sampler, Score::Params, &plan, 0, &|| false);
            Study::builder(plan.space.clone()).sampler(sampler).build().unwrap()
        };
        let configs = |mut study: Study, prepares: bool| {
            let trials = (0..3).map(|_| {
                let trial = study.ask().unwrap();
                study.tell(trial.number, 0.0).unwrap();
                if prepares {
                    study.prepare();
                }
                trial.config
            });
            trials.collect::<Vec<_>>()
        };
        let without = configs(study(), false);
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        assert_eq!(configs(study(), true), without);
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}
