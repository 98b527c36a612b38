//! BOHB's sampler: Parzen estimators at one rung, mixed with random proposals.

use crate::rung_results::RungResults;
use crate::setting::{self, SettingError};
use automl_space::Config;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext, Supports};
use automl_study::{ProposeError, RandomSampler, Sampler, State, TrialId, View};
use automl_tpe::{Bandwidth, ParzenEstimator};
use rand::{Rng, RngExt};

/// The factor by which the kernels are widened for the candidates.
const WIDER: f64 = 3.0;
/// The maximum number of kernels of one estimator; more results are thinned out evenly by rank.
const MOST: usize = 200;

/// BOHB's sampling policy, for [`Hyperband`](crate::Hyperband) or another scheduler with rungs.
///
/// A third of the proposals are random. For the others, with `d` parameters and `m = d + 1`, the results
/// at the highest rung that has at least `m + 2` of them are split: the best `max(m, 0.15 n)` make the
/// density `l`, the worst `max(m, n - good)` the density `g`. Of 64 candidates, drawn from `l` with its
/// kernels three times as wide, the one with the largest `l / g` is proposed. Until a rung has enough
/// results, proposals are random.
///
/// Pending trials count among the worst, so that several workers do not try the same configuration;
/// failed trials are the worst of the rung that they were on the way to. Several objectives are ordered
/// by non-domination rank and crowding distance. A proposal takes time linear in the results at the rung.
///
/// # Examples
/// BOHB on a function with a minimum of 0 at `x = 0.3`:
/// ```
/// use automl_scheduler::{BohbSampler, Hyperband};
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let scheduler = Hyperband::new(&ladder, 3.0)?;
/// let mut study = Study::builder(space.build()?)
///     .sampler(BohbSampler::new(3.0)?)
///     .scheduler(ladder, scheduler)
///     .build()?;
/// for _ in 0..200 {
///     let Next::Run(job) = study.next_job()? else { panic!("another bracket can start") };
///     let target = job.target.expect("the study has a ladder");
///     let loss = (job.config[x] - 0.3).powi(2) / target.0 as f64;
///     if study.report(job.number, target, vec![loss])? == Verdict::Complete {
///         study.tell(job.number, loss)?;
///     }
/// }
/// let best = study.best().expect("trials are complete");
/// assert!((best.config[x] - 0.3).abs() < 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Falkner, Klein & Hutter (2018), "BOHB: Robust and Efficient Hyperparameter Optimization at Scale",
/// ICML, algorithm 2 and equations 2 and 3, with HpBandSter's constants. The kernels are those of
/// [`ParzenEstimator`]; the pending trials are an addition.
#[derive(Clone, Debug)]
pub struct BohbSampler {
    config: BohbConfig,
    results: Option<RungResults>,
}

impl BohbSampler {
    /// Creates a sampler for rungs with the reduction factor `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(eta: f64) -> Result<Self, SettingError> {
        let config = BohbConfig { eta: setting::eta(eta)?, ..BohbConfig::default() };
        Ok(Self { config, results: None })
    }
}

impl Sampler for BohbSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let Some(ladder) = view.ladder else {
            let what = "studies without fidelities".to_owned();
            return Err(ProposeError::Unsupported { sampler: "bohb", what });
        };
        let results =
            RungResults::current(&mut self.results, &ladder.rungs(self.config.eta), view.history);
        let least = view.space.len() + 1;
        let rung = results
            .highest(least + 2)
            .filter(|_| rng.random::<f64>() >= self.config.random_fraction);
        let Some(rung) = rung else { return RandomSampler::uniform().propose(view, rng) };
        let numbers = results.order(view.history, rung);
        let (good, bad) = split(&numbers, least, self.config.good_share);
        // A trial on its way to the next rung has its result at this one.
        let reached = results.fidelities()[rung];
        let pending =
            view.history.in_state(State::Running).filter(|trial| trial.fidelity() < reached);
        let pending = pending.map(|trial| trial.number);
        let bad: Vec<TrialId> = thinned(bad).chain(pending.take(MOST)).collect();
        let density = |numbers: &[TrialId]| {
            let trials = numbers.iter().filter_map(|number| view.history.get(*number));
            let configs: Vec<&Config> = trials.map(|trial| &trial.config).collect();
            ParzenEstimator::new(view.space, &configs, &[], 0.0, 0.0, Bandwidth::default())
        };
        let (good, bad) = (density(&thinned(good).collect::<Vec<_>>()), density(&bad));
        let mut best: Option<(f64, Config)> = None;
        for _ in 0..self.config.candidates {
            let config = good.sample_wider(view.space, WIDER, rng);
            if !view.space.allows(&config) {
                continue;
            }
            let score = good.log_density(&config) - bad.log_density(&config);
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, config));
            }
        }
        let config = best.map_or_else(|| view.space.sample(rng), |(_, config)| config);
        Ok(view.deduplicated(config, rng))
    }
}

/// Splits ordered trials into the best and the worst; both have at least `least`, so they may overlap.
fn split(numbers: &[TrialId], least: usize, share: f64) -> (&[TrialId], &[TrialId]) {
    let n = numbers.len();
    let good = ((n as f64 * share) as usize).max(least).min(n);
    let bad = (n - good).max(least).min(n);
    (&numbers[..good], &numbers[n - bad..])
}

/// At most [`MOST`] of the trials, evenly spread.
fn thinned(numbers: &[TrialId]) -> impl Iterator<Item = TrialId> {
    let stride = (numbers.len() as f64 / MOST as f64).max(1.0);
    let count = numbers.len().min(MOST);
    (0..count).filter_map(move |i| numbers.get((i as f64 * stride) as usize).copied())
}

automl_study::options! {
    /// Parzen densities of the good and the bad results at the highest rung that has enough of them.
    ///
    /// Falkner, Klein & Hutter (2018), "BOHB: Robust and Efficient Hyperparameter Optimization at Scale".
    pub struct BohbConfig = "bohb" {
        /// Reduction factor `eta` of the rungs; that of the scheduler where one has an option `eta`.
        pub eta: f64 = 3.0, in above(1.0);
        /// Share of uniformly random proposals.
        pub random_fraction: f64 = 1.0 / 3.0, in between(0.0, 1.0);
        /// Share of the results that make the good density.
        pub good_share: f64 = 0.15, in inside(0.0, 1.0);
        /// Candidates drawn from the good density for each proposal.
        pub candidates: u64 = 64, in at_least(1.0);
    }
}

impl SamplerConfig for BohbConfig {
    const SUPPORTS: Supports = Supports::WITH_FIDELITY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        study.ladder(Self::NAME)?;
        Ok(Box::new(BohbSampler { config: self.clone(), results: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Equations 2 and 3 with `d = 2`, so at least three on each side.
    #[test]
    fn the_split_is_that_of_the_paper() {
        let numbers: Vec<TrialId> = (0..5).map(TrialId).collect();
        assert_eq!(split(&numbers, 3, 0.15), (&numbers[..3], &numbers[2..]));
        let numbers: Vec<TrialId> = (0..100).map(TrialId).collect();
        assert_eq!(split(&numbers, 3, 0.15), (&numbers[..15], &numbers[15..]));
        let numbers: Vec<TrialId> = (0..1000).map(TrialId).collect();
        let thin: Vec<TrialId> = thinned(&numbers).collect();
        assert_eq!((thin.len(), thin[1]), (MOST, TrialId(5)));
    }
}
